/** Things that go wrong: the network, the servers, people who block the bot. */

import { sim } from "./api.js";
import { avatar, fullName, onPeople, refresh as refreshPeople, world } from "./people.js";
import { button, el } from "./dom.js";
import { report, toast } from "./sheets.js";
import { oneAtATime } from "./timing.js";

const fault =
  (api, method, kind, times = 1, more = {}) =>
  () =>
    sim.addFault({ api, method, kind, times, ...more });
const events = (action, body) => () => sim.stripe(action, body);

const PRESETS = [
  [
    "Telegram: too many requests",
    "the next call is told to come back in 3 s",
    fault("telegram", "*", "429", 1, { retry_after: 3 }),
  ],
  [
    "Telegram: answer lost",
    "the next message is sent, but the bot isn't told",
    fault("telegram", "sendMessage", "lost"),
  ],
  ["Telegram: server error", "the next three edits fail", fault("telegram", "editMessageText", "500", 3)],
  [
    "Stripe: answer lost",
    "the next call takes effect, but its answer is cut off",
    fault("stripe", "*", "lost"),
  ],
  [
    "Stripe: half an answer",
    "the next call takes effect, half a body arrives",
    fault("stripe", "*", "truncated"),
  ],
  ["Stripe: down", "the next five calls fail with 500", fault("stripe", "*", "500", 5)],
  ["Stripe: hangs", "the next call hangs for 20 s", fault("stripe", "*", "hang", 1, { seconds: 20 })],
  ["Stripe: event lost", "the next event never reaches the webhook", events("drop", { events: 1 })],
  ["Stripe: events held back", "no event is sent until they are let go", events("hold", { hold: true })],
  [
    "Stripe: events let go, newest first",
    "what was held back arrives in the wrong order",
    events("hold", { hold: false, reverse: true }),
  ],
];

const KINDS = [
  ["429", "429, too many requests"],
  ["500", "500, server error"],
  ["lost", "done, answer lost"],
  ["truncated", "done, half an answer"],
  ["drop", "cut off before it is done"],
  ["hang", "hangs, then cut off"],
];

export function faultsPanel(root, area) {
  const waiting = el("div", { class: "fault-list", "aria-live": "polite" });
  const people = el("div", { class: "switches" });

  const refresh = oneAtATime(async () => {
    const answer = await sim.faults();
    const faults = Array.isArray(answer) ? answer : answer.faults;
    waiting.replaceChildren(
      ...faults.map(({ kind, api, method, times }) =>
        el(
          "div",
          { class: "fault" },
          el("span", { class: "badge warn" }, kind),
          el("span", { class: "fault-text" }, `${api} · ${method === "*" ? "any call" : method}`),
          el("span", {}, `× ${times}`),
        ),
      ),
      faults.length
        ? button(
            "Clear all",
            async () => {
              await report(() => sim.clearFaults(), area);
              refresh();
            },
            { class: "chip" },
          )
        : el("p", { class: "hint" }, "Nothing is waiting to go wrong."),
    );
  });

  const order = async (title, run) => {
    if (await report(run, area)) toast(`Set: ${title}`, area);
    refresh();
  };

  onPeople(() => {
    people.replaceChildren(
      ...world.users.map((user) =>
        el(
          "label",
          { class: "switch-row" },
          avatar(user.id, fullName(user)),
          el("span", { class: "switch-text" }, fullName(user)),
          el("input", {
            type: "checkbox",
            role: "switch",
            class: "switch",
            checked: Boolean(user.blocked),
            on: {
              change: async (event) => {
                await report(() => sim.block(user.id, event.target.checked), area);
                refreshPeople();
              },
            },
          }),
        ),
      ),
    );
  });

  root.append(
    el("section", { class: "card" }, el("h3", { class: "card-title" }, "Waiting to go wrong"), waiting),
    el(
      "section",
      { class: "card" },
      el("h3", { class: "card-title" }, "Let something go wrong"),
      PRESETS.map(([title, note, run]) =>
        button(
          [el("span", { class: "preset-title" }, title), el("span", { class: "preset-note" }, note)],
          () => order(title, run),
          { class: "preset" },
        ),
      ),
      ownFault(order),
    ),
    el("section", { class: "card" }, el("h3", { class: "card-title" }, "Has blocked the bot"), people),
  );
  return { refresh };
}

function ownFault(order) {
  const api = el(
    "select",
    { "aria-label": "Whose call" },
    el("option", { value: "telegram" }, "Telegram"),
    el("option", { value: "stripe" }, "Stripe"),
  );
  const method = el("input", {
    value: "*",
    "aria-label": "Method, * for any",
    autocomplete: "off",
    spellcheck: false,
  });
  const kind = el(
    "select",
    { "aria-label": "What happens" },
    KINDS.map(([value, label]) => el("option", { value }, label)),
  );
  const times = el("input", { type: "number", min: 1, max: 99, value: 1, "aria-label": "How many times" });
  const form = el(
    "form",
    { class: "own-fault" },
    api,
    method,
    kind,
    times,
    el("button", { type: "submit", class: "chip" }, "Add"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    order("Failure", fault(api.value, method.value.trim() || "*", kind.value, Number(times.value) || 1));
  });
  return el("details", { class: "own" }, el("summary", {}, "Another failure"), form);
}
