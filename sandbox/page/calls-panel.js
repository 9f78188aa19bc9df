/** Every call that the bot made, newest first, refusals in red. */

import { sim } from "./api.js";
import { button, el } from "./dom.js";
import { oneAtATime } from "./timing.js";

const SHOWN = 400;

/** @param {(refused: number) => void} onCount  told how many calls were refused so far */
export function callsPanel(root, onCount) {
  let last = 0;
  const list = el("div", { class: "calls" });
  const refused = el("input", { type: "checkbox" });
  const api = el(
    "select",
    { "aria-label": "Whose calls" },
    ["all", "telegram", "stripe", "host"].map((name) =>
      el("option", { value: name }, name === "all" ? "All" : name),
    ),
  );
  const polls = el("input", { type: "checkbox" });
  const clear = button("Clear", () => list.replaceChildren(), { class: "chip" });
  const filter = () => {
    list.dataset.api = api.value;
    list.classList.toggle("refused-only", refused.checked);
    list.classList.toggle("with-polls", polls.checked);
  };
  for (const control of [refused, api, polls]) control.addEventListener("change", filter);
  root.append(
    el(
      "div",
      { class: "calls-bar" },
      api,
      el("label", { title: "Shows refused calls only" }, refused, "refused"),
      el("label", { title: "Shows getUpdates, too" }, polls, "polls"),
      clear,
    ),
    list,
    el("p", { class: "hint calls-none" }, "No calls to show."),
  );
  filter();

  const refresh = oneAtATime(async () => {
    const answer = await sim.calls(last);
    for (const call of answer.calls) {
      if (call.n <= last) continue;
      last = call.n;
      list.prepend(row(call));
    }
    while (list.children.length > SHOWN) list.lastElementChild.remove();
    onCount(answer.refused);
  });

  /** The sandbox was started anew and counts from one again. */
  const restart = () => {
    last = 0;
    list.replaceChildren();
    return refresh();
  };

  return { refresh, restart };
}

function row(call) {
  const poll = call.method === "getUpdates" && !call.refused ? " poll" : "";
  const time = new Date(call.at).toLocaleTimeString(undefined, { hour12: false });
  return el(
    "details",
    { class: `call ${call.api}${call.refused ? " refused" : ""}${poll}` },
    el(
      "summary",
      {},
      el("span", { class: `call-status s${String(call.status)[0]}` }, call.status || "cut"),
      el("span", { class: "call-method" }, call.method),
      el("span", { class: "call-api" }, call.api),
      el("time", { class: "call-time" }, time),
      call.error ? el("span", { class: "call-error" }, call.error) : null,
    ),
    el("pre", { class: "call-params", tabIndex: 0 }, JSON.stringify(call.params, null, 1)),
  );
}
