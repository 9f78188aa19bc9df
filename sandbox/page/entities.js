/**
 * A message's text with its entities as DOM nodes. Offsets and lengths are UTF-16 code units, which is what a
 * JavaScript string counts. Nothing in here parses HTML.
 */

import { formatDate, fullDate, now, onTick } from "./clock.js";
import { button, el, icon } from "./dom.js";

const INLINE = { bold: "strong", italic: "em", underline: "u", strikethrough: "s" };
/** Stand on lines of their own, and take up the line break before and after them. */
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const ADDRESS = { url: "", email: "mailto:", phone_number: "tel:" };

/**
 * @param {string} text
 * @param {Array} entities
 * @param {{language?: string, openLink: Function, command: Function, copy: Function}} reader  what taps do
 * @returns {DocumentFragment}
 */
export function renderText(text, entities, reader) {
  const sorted = [...(entities ?? [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return renderSpan(text, 0, text.length, sorted, reader);
}

function renderSpan(text, from, to, entities, reader) {
  const out = document.createDocumentFragment();
  let at = from;
  for (let i = 0; i < entities.length;) {
    const entity = entities[i];
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    i += 1;
    if (end <= start) continue;
    const inner = [];
    while (i < entities.length && entities[i].offset < end) inner.push(entities[i++]);
    const block = BLOCKS.has(entity.type);
    out.append(text.slice(at, block && start > at && text[start - 1] === "\n" ? start - 1 : start));
    out.append(wrap(entity, text.slice(start, end), renderSpan(text, start, end, inner, reader), reader));
    at = block && end < to && text[end] === "\n" ? end + 1 : end;
  }
  out.append(text.slice(at, to));
  return out;
}

function wrap(entity, raw, content, reader) {
  if (entity.type in INLINE) return el(INLINE[entity.type], {}, content);
  switch (entity.type) {
    case "spoiler":
      return spoiler(content);
    case "code":
      return el(
        "code",
        { class: "tap", tabIndex: 0, role: "button", title: "Copy", on: press(() => reader.copy(raw)) },
        content,
      );
    case "pre":
      return preformatted(entity, raw, content, reader);
    case "blockquote":
      return el("blockquote", {}, content);
    case "expandable_blockquote":
      return foldedQuote(content);
    case "text_link":
      return link(entity.url, content, reader);
    case "url":
    case "email":
    case "phone_number":
      return link(
        /^[a-z][a-z0-9+.-]*:/i.test(raw) ? raw : (ADDRESS[entity.type] || "https://") + raw,
        content,
        reader,
      );
    case "bot_command":
      return button(content, () => reader.command(raw), { class: "linklike" });
    case "date_time":
      return dateTime(entity, raw, reader);
    case "mention":
    case "text_mention":
    case "hashtag":
    case "cashtag":
      return el("span", { class: "mention" }, content);
    case "custom_emoji":
      return el("span", { class: "custom-emoji", title: "Custom emoji" }, content);
    default:
      return el("span", { data: { entity: entity.type } }, content);
  }
}

/** Listeners that make a node answer a click, Enter and Space like a button. */
function press(action) {
  return {
    click: action,
    keydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      action();
    },
  };
}

function spoiler(content) {
  const hidden = el("span", { class: "spoiler-text" }, content);
  hidden.inert = true;
  const reveal = () => {
    hidden.inert = false;
    for (const name of ["role", "tabindex", "aria-label"]) node.removeAttribute(name);
    node.classList.add("revealed");
  };
  const node = el(
    "span",
    {
      class: "spoiler",
      role: "button",
      tabIndex: 0,
      "aria-label": "Hidden text, tap to show",
      on: press(reveal),
    },
    hidden,
  );
  return node;
}

function preformatted(entity, raw, content, reader) {
  const copy = button(icon("copy"), () => reader.copy(raw), {
    class: "pre-copy",
    "aria-label": "Copy this text",
  });
  const head = entity.language ? el("span", { class: "pre-language" }, entity.language) : null;
  return el("div", { class: "pre" }, head, el("pre", {}, content), copy);
}

/** A folded quote of three lines or fewer has nothing to unfold. */
const fitting = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const quote = target.parentElement;
    if (quote.classList.contains("folded"))
      quote.classList.toggle("short", target.scrollHeight <= target.clientHeight + 1);
  }
});

function foldedQuote(content) {
  const body = el("div", { class: "quote-body" }, content);
  const fold = button(icon("down"), () => toggle(), {
    class: "quote-fold",
    "aria-label": "Show all",
    "aria-expanded": "false",
  });
  const quote = el("blockquote", { class: "expandable folded" }, body, fold);
  const toggle = () => {
    const folded = quote.classList.toggle("folded");
    fold.setAttribute("aria-expanded", String(!folded));
    fold.setAttribute("aria-label", folded ? "Show all" : "Show less");
  };
  fitting.observe(body);
  quote.addEventListener("click", (event) => {
    if (!event.target.closest("a, button, [role=button]")) toggle();
  });
  return quote;
}

function link(url, content, reader) {
  const opensPage = /^(https?|mailto|tel):/i.test(url);
  const open = (event) => {
    event.preventDefault();
    reader.openLink(url);
  };
  return el(
    "a",
    {
      href: opensPage ? url : "#",
      rel: "noopener noreferrer",
      target: "_blank",
      title: url,
      on: { click: open },
    },
    content,
  );
}

const relativeDates = new Set();

function dateTime(entity, raw, reader) {
  const date = new Date(entity.unix_time * 1000);
  const format = entity.date_time_format ?? "";
  const text = format ? formatDate(date, format, reader.language) : raw;
  const node = el(
    "time",
    { class: "date-time", dateTime: date.toISOString(), title: fullDate(date, reader.language) },
    text,
  );
  if (format.includes("r"))
    relativeDates.add({ node: new WeakRef(node), date, format, language: reader.language });
  return node;
}

let drawnAt = 0;

onTick(() => {
  if (Math.abs(now() - drawnAt) < 20_000) return;
  drawnAt = Number(now());
  for (const entry of relativeDates) {
    const node = entry.node.deref();
    if (node) node.textContent = formatDate(entry.date, entry.format, entry.language);
    else relativeDates.delete(entry);
  }
});
