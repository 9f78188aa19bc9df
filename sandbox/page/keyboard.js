/** The inline keyboard under a bubble. Which press does what is Telegram's rule; who acts on it is the pane. */

import { el, icon } from "./dom.js";

const STYLES = new Set(["primary", "danger", "success"]);

/**
 * @param {{inline_keyboard: Array}} markup
 * @param {(key: Object) => void} onPress
 */
export function renderKeyboard(markup, onPress) {
  return el(
    "div",
    { class: "keyboard" },
    markup.inline_keyboard.map((row) =>
      el(
        "div",
        { class: "kb-row" },
        row.map((key) => renderKey(key, onPress)),
      ),
    ),
  );
}

function renderKey(key, onPress) {
  const style = STYLES.has(key.style) ? ` ${key.style}` : "";
  return el(
    "button",
    {
      type: "button",
      class: `key${style}`,
      disabled: Boolean(key.disabled),
      title: hint(key),
      data: key.callback_data === undefined ? {} : { callback: key.callback_data },
      on: { click: () => onPress(key) },
    },
    el("span", { class: "key-label", dir: "auto" }, key.text),
    corner(key),
    el("span", { class: "spinner", "aria-hidden": "true" }),
  );
}

function corner(key) {
  if (key.url || key.login_url) return icon("out");
  if (key.copy_text) return icon("copy");
  return key.disabled ? icon("lock") : null;
}

function hint(key) {
  if (key.url) return key.url;
  if (key.copy_text) return `Copies: ${key.copy_text.text}`;
  return key.disabled ? "Not available now" : null;
}

/** Shows a spinner on the keys for which `isWaiting(callback_data)` holds, and on no other. */
export function markWaiting(keyboard, isWaiting) {
  for (const key of keyboard.querySelectorAll(".key[data-callback]")) {
    const waiting = isWaiting(key.dataset.callback);
    key.classList.toggle("busy", waiting);
    if (waiting) key.setAttribute("aria-busy", "true");
    else key.removeAttribute("aria-busy");
  }
}
