/** Three sentences for somebody who is here for the first time. */

import { button, el, icon } from "./dom.js";
import { recall, remember } from "./remembered.js";

const STEPS = [
  ["Partner", "Press Start, create a workspace, make an invite link."],
  ["Customer", "Tap that link to open it as the customer."],
  ["World", "Top up, buy an add-on, then turn the clock."],
];

export function guide(root) {
  if (recall("guide") === "seen") return;
  root.append(
    el(
      "ol",
      { class: "guide-steps" },
      STEPS.map(([who, what], i) =>
        el(
          "li",
          {},
          el("span", { class: "guide-number", "aria-hidden": "true" }, String(i + 1)),
          el("span", {}, el("b", {}, who), " ", what),
        ),
      ),
    ),
    button(
      icon("close"),
      () => {
        root.hidden = true;
        remember("guide", "seen");
      },
      { class: "icon-button", "aria-label": "Close this help" },
    ),
  );
  root.hidden = false;
}
