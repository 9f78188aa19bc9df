/** The messages of one chat as a column of bubbles by day, brought up to date in place. */

import { dayName, moment, sameDay } from "./clock.js";
import { el } from "./dom.js";
import { renderMessage } from "./message.js";

export class MessageLog {
  constructor() {
    this.node = el("div", {
      class: "messages",
      role: "log",
      "aria-live": "polite",
      "aria-relevant": "additions",
      "aria-label": "Messages",
    });
    this.clear();
  }

  clear() {
    this.bubbles = new Map();
    this.node.replaceChildren();
  }

  get isEmpty() {
    return this.bubbles.size === 0;
  }

  /** [message id, keyboard] of every message that has one. */
  get keyboards() {
    return [...this.bubbles]
      .map(([id, { node }]) => [id, node.querySelector(".keyboard")])
      .filter(([, keyboard]) => keyboard);
  }

  /**
   * Puts bubbles in order, and makes anew only those that changed, so that revealed and unfolded parts stay so.
   * @param {Array} messages  as /sim/chat gives them, without deleted ones
   * @param {Object} reader  see renderMessage
   * @param {boolean} animate  lets messages that weren't there before rise into place
   * @returns {number} how many messages are new
   */
  draw(messages, reader, animate) {
    const days = [];
    const ids = new Set(messages.map((message) => message.message_id));
    const before = new Set(this.bubbles.keys());
    let previous = null;
    for (const message of messages) {
      const date = moment(message.date);
      if (!previous || !sameDay(previous, date)) days.push({ node: this.day(date, reader), bubbles: [] });
      previous = date;
      days.at(-1).bubbles.push(this.bubble(message, reader, animate));
    }
    for (const id of before) if (!ids.has(id)) this.bubbles.delete(id);
    for (const { node, bubbles } of days) place(node, [node.firstChild, ...bubbles]);
    place(
      this.node,
      days.map(({ node }) => node),
    );
    for (const node of this.node.querySelectorAll(".message")) {
      const next = node.nextElementSibling;
      node.classList.toggle("tail", !next || node.classList.contains("in") !== next.classList.contains("in"));
    }
    return messages.filter((message) => !before.has(message.message_id)).length;
  }

  day(date, reader) {
    const key = date.toDateString();
    const known = [...this.node.children].find((node) => node.dataset.day === key);
    const name = () => el("div", { class: "day-name" }, el("span", {}, dayName(date, reader.language)));
    return known ?? el("div", { class: "day", data: { day: key } }, name());
  }

  bubble(message, reader, animate) {
    const key = JSON.stringify(message);
    const known = this.bubbles.get(message.message_id);
    if (known?.key === key) return known.node;
    const node = renderMessage(message, reader);
    if (known) keepFocus(known.node, node);
    else if (animate) node.classList.add("new");
    this.bubbles.set(message.message_id, { key, node });
    return node;
  }
}

/** Makes `nodes` the children of `parent`, in order, touching only what is not in place. */
function place(parent, nodes) {
  const kept = new Set(nodes);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  nodes.forEach((node, i) => {
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null);
  });
}

/** An edited menu is a new bubble: who was on its third button with the keyboard stays on the third. */
function keepFocus(old, fresh) {
  if (!old.contains(document.activeElement)) return;
  const index = [...old.querySelectorAll("button, a")].indexOf(document.activeElement);
  queueMicrotask(() => {
    const targets = fresh.querySelectorAll("button, a");
    (targets[index] ?? targets[targets.length - 1])?.focus({ preventScroll: true });
  });
}
