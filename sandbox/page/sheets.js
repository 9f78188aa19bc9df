/** What lies over the chats for a moment: toasts, alerts, dialogs. */

import { button, el, icon } from "./dom.js";

/** A short dark note at the foot of `over` (a pane), gone by itself. */
export function toast(text, over = document.body) {
  let shelf = over.querySelector(":scope > .toasts");
  if (!shelf) {
    shelf = el("div", { class: "toasts", role: "status" });
    over.append(shelf);
  }
  const note = el("div", { class: "toast", dir: "auto" }, text);
  shelf.append(note);
  while (shelf.children.length > 3) shelf.firstChild.remove();
  setTimeout(() => note.remove(), Math.min(9000, 2600 + text.length * 45));
}

/** Runs an async action; what goes wrong is told in a toast. Resolves to true when it went well. */
export async function report(action, over) {
  try {
    await action();
    return true;
  } catch (error) {
    if (error.name !== "SimError") throw error;
    toast(error.message, over);
    return false;
  }
}

/**
 * A modal dialog, centred over `over` (a pane) where one is given. Esc, the ✕ and a click outside close it.
 * @returns {HTMLDialogElement}
 */
export function dialog(title, content, { over, alert = false } = {}) {
  const heading = el("h2", { id: `dialog-${crypto.getRandomValues(new Uint32Array(1))[0]}` }, title);
  const close = alert
    ? null
    : button(icon("close"), () => box.close(), { class: "icon-button", "aria-label": "Close" });
  const box = el(
    "dialog",
    {
      class: alert ? "dialog alert" : "dialog",
      "aria-labelledby": heading.id,
      ...(alert ? { role: "alertdialog" } : {}),
    },
    el("header", { class: "dialog-head" }, heading, close),
    el("div", { class: "dialog-body" }, content),
  );
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
  });
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  if (over) placeOver(box, over);
  return box;
}

function placeOver(box, over) {
  const area = over.getBoundingClientRect();
  if (!area.width) return;
  const width = Math.min(box.offsetWidth, area.width - 24);
  box.style.width = `${width}px`;
  box.style.marginLeft = `${area.left + (area.width - width) / 2}px`;
}

/** Telegram's answer to a tap with show_alert: stays until OK. */
export function alertBox(title, text, over) {
  const box = dialog(
    title,
    [
      el("p", { dir: "auto", class: "alert-text" }, text),
      el(
        "div",
        { class: "dialog-actions" },
        button("OK", () => box.close(), { class: "plain" }),
      ),
    ],
    { over, alert: true },
  );
  box.querySelector(".dialog-actions button").focus();
}

/** Copies to the clipboard and says so. Where the clipboard is closed to us, shows the text to be copied by hand. */
export async function copy(text, over) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied", over);
  } catch {
    const field = el("textarea", { class: "copy-field", readOnly: true, rows: 3 });
    field.value = text;
    dialog("Copy this", [field], { over });
    field.select();
  }
}
