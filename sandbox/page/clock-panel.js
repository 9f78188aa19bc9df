/** The sandbox's calendar: what time it is there, and buttons that turn it forward. */

import { sim } from "./api.js";
import * as clock from "./clock.js";
import { button, el } from "./dom.js";
import { dialog, report, toast } from "./sheets.js";
import { openYear } from "./year.js";

const HOUR = 3600;

export function clockPanel(root, area) {
  const date = el("span", { class: "clock-date" });
  const time = el("span", { class: "clock-time" });
  const note = el("span", { class: "clock-note" });
  const turn = async (by) => {
    const done = await report(async () => clock.set((await sim.turnClock(by)).now), area);
    if (done)
      toast(
        `It is now ${clock.now().toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}`,
        area,
      );
  };
  const steps = [
    ["+1 h", () => ({ seconds: HOUR })],
    ["+1 day", () => ({ days: 1 })],
    ["+7 days", () => ({ days: 7 })],
    ["+1 month", () => ({ to: nextMonth(clock.now()).toISOString() })],
  ];
  root.append(
    el("div", { class: "clock-face" }, time, el("div", { class: "clock-text" }, date, note)),
    el(
      "div",
      { class: "clock-steps", role: "group", "aria-label": "Turn the clock forward" },
      steps.map(([label, by]) => button(label, () => turn(by()), { class: "chip" })),
      button("To…", () => askMoment(turn, area), { class: "chip" }),
      button("Let a year pass", openYear, { class: "chip" }),
    ),
  );
  clock.onTick(() => {
    const now = clock.now();
    date.textContent = now.toLocaleDateString(undefined, {
      weekday: "short",
      day: "numeric",
      month: "short",
      year: "numeric",
    });
    time.textContent = now.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
    note.textContent = `UTC ${now.toISOString().slice(11, 19)}`;
  });
}

/** The same day and time a month later; the last day where that month is shorter. */
function nextMonth(from) {
  const to = new Date(from);
  to.setMonth(to.getMonth() + 1);
  if (to.getDate() !== from.getDate()) to.setDate(0);
  return to;
}

function askMoment(turn, area) {
  const now = clock.now();
  const local = new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  const field = el("input", {
    type: "datetime-local",
    required: true,
    min: local,
    value: local,
    "aria-label": "Date and time",
  });
  const form = el(
    "form",
    { class: "form", method: "dialog" },
    el("label", {}, "Date and time, in your zone", field),
    el("p", { class: "form-note" }, "Time only runs forward, as it does outside."),
    el(
      "div",
      { class: "dialog-actions" },
      el("button", { type: "submit", class: "filled" }, "Turn the clock"),
    ),
  );
  const box = dialog("Turn the clock to", [form], { over: area });
  form.addEventListener("submit", () => {
    turn({ to: new Date(field.value).toISOString() });
    box.close();
  });
}
