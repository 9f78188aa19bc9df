/** One message as a bubble: photo or file, text, time, and the keyboard below it. */

import { sim } from "./api.js";
import { moment, timeOfDay } from "./clock.js";
import { el, icon } from "./dom.js";
import { renderText } from "./entities.js";
import { renderKeyboard } from "./keyboard.js";

/**
 * @param {Object} message  as /sim/chat gives it
 * @param {Object} reader  see renderText; also `press(key, message)` and `loaded()` (a photo changed the height)
 */
export function renderMessage(message, reader) {
  const own = message.from === "user";
  const text = message.text ?? message.caption ?? "";
  const entities = message.entities ?? message.caption_entities;
  const photo = largest(message.photo);
  const bubble = el(
    "div",
    { class: `bubble${photo ? " with-photo" : ""}` },
    photo && photoNode(photo, text, reader),
    message.document && documentNode(message.document),
    el(
      "div",
      { class: "text", dir: "auto" },
      text && renderText(text, entities, reader),
      meta(message, own, reader),
    ),
  );
  const keyboard = message.reply_markup?.inline_keyboard?.length
    ? renderKeyboard(message.reply_markup, (key) => reader.press(key, message))
    : null;
  return el(
    "article",
    {
      class: `message ${own ? "out" : "in"}${keyboard ? " with-keyboard" : ""}`,
      data: { message: message.message_id },
    },
    el("span", { class: "visually-hidden" }, own ? "You: " : "Bot: "),
    bubble,
    keyboard,
  );
}

function meta(message, own, reader) {
  const date = moment(message.date);
  return el(
    "span",
    { class: "meta" },
    message.edit_date ? el("span", { class: "edited" }, "edited") : null,
    el(
      "time",
      { dateTime: date.toISOString(), title: date.toLocaleString(reader.language) },
      timeOfDay(date, reader.language),
    ),
    own ? ticks() : null,
  );
}

function ticks() {
  const node = icon("ticks");
  node.removeAttribute("aria-hidden");
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", "delivered");
  return node;
}

/** A photo comes as a list of sizes; the last is the largest. */
function largest(photo) {
  return Array.isArray(photo) ? photo.at(-1) : photo;
}

function photoNode(photo, caption, reader) {
  const image = el("img", {
    class: "photo",
    alt: caption ? caption.split("\n", 1)[0] : "Photo",
    on: { load: reader.loaded },
  });
  if (photo.width) image.width = photo.width;
  if (photo.height) image.height = photo.height;
  image.src = sim.fileUrl(photo.file_id);
  return el(
    "a",
    { class: "photo-link", href: image.src, target: "_blank", rel: "noopener", title: "Open in full size" },
    image,
  );
}

function documentNode(file) {
  const name = file.file_name ?? "file";
  return el(
    "a",
    { class: "document", href: sim.fileUrl(file.file_id), download: name },
    el("span", { class: "document-icon" }, icon("file")),
    el(
      "span",
      { class: "document-text" },
      el("span", { class: "document-name" }, name),
      el("span", { class: "document-note" }, sizeOf(file.file_size), " · download"),
    ),
  );
}

function sizeOf(bytes) {
  if (!bytes) return "file";
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1_048_576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}
