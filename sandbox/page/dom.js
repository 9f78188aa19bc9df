/** Building DOM nodes. Strings only ever become text nodes, so nothing a bot or a person wrote is parsed as HTML. */

/**
 * @param {string} tag
 * @param {Object<string, *>} props  `class`, `on` ({event: listener}), `data` (dataset), DOM properties, or attributes
 * @param {...(Node|string|null|undefined|false|Array)} children
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "on")
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  const present = children.flat(Infinity).filter((child) => child || child === 0);
  node.append(...present.map((child) => (child instanceof Node ? child : String(child))));
  return node;
}

export function button(label, onClick, props = {}) {
  return el("button", { type: "button", on: { click: onClick }, ...props }, label);
}

const SVG = "http://www.w3.org/2000/svg";

/** Outlines on a 24 x 24 grid. */
const ICONS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  send: "M4 12 3 4l18 8-18 8 1-8zm0 0h8",
  close: "M6 6l12 12M18 6 6 18",
  out: "M8 16 17 7M10 7h7v7",
  copy: "M9 9h10v10H9zM5 15V5h10",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  down: "M7 10l5 5 5-5",
  bottom: "M12 5v13M6 12l6 6 6-6",
  plus: "M12 5v14M5 12h14",
  lock: "M7 11h10v9H7zM9 11V8a3 3 0 0 1 6 0v3",
  partner: "M4 20v-9l8-6 8 6v9zM10 20v-5h4v5",
  customer: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20c0-4 3-6 7-6s7 2 7 6",
  world: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  ticks: "M2 13l4 4L16 7M11 16l1 1L22 7",
  block: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM6 6l12 12",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
