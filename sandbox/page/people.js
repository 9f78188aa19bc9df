/** The people of the sandbox: who exists, who is shown in which pane, avatars, adding one more. */

import { sim } from "./api.js";
import { button, el, icon } from "./dom.js";
import { recall, remember } from "./remembered.js";
import { dialog, report } from "./sheets.js";
import { oneAtATime } from "./timing.js";

const listeners = new Set();
const shown = { partner: null, customer: null };

/** Shown until a bot has called the sandbox for the first time. */
const NOBODY = { id: 0, username: "", name: "Waiting for the bot" };

export const world = { bot: NOBODY, users: [], mode: "none" };

export function onPeople(callback) {
  listeners.add(callback);
}

function announce() {
  for (const callback of listeners) callback();
}

export const refresh = oneAtATime(async () => {
  const state = await sim.state();
  world.bot = state.bot ?? NOBODY;
  world.users = state.users;
  world.mode = state.telegram_mode;
  for (const pane of ["partner", "customer"]) {
    const wanted = shown[pane] ?? Number(recall(`pane.${pane}`));
    const user =
      byId(wanted) ??
      world.users.find((one) => one.role === pane) ??
      world.users[pane === "partner" ? 0 : 1] ??
      world.users[0];
    shown[pane] = user?.id ?? null;
  }
  announce();
});

const byId = (id) => world.users.find((user) => user.id === id);

export const userOf = (pane) => byId(shown[pane]);

export const fullName = (user) => [user.first_name, user.last_name].filter(Boolean).join(" ");

export function show(pane, userId) {
  shown[pane] = userId;
  remember(`pane.${pane}`, userId);
  announce();
}

/** The pane in which somebody is to be seen: where he is shown already, else his role's. */
export function paneOf(user) {
  if (shown.customer === user.id) return "customer";
  if (shown.partner === user.id) return "partner";
  return user.role === "partner" ? "partner" : "customer";
}

export function avatar(id, name) {
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? "")
    .join("")
    .toUpperCase();
  return el("span", { class: `avatar tint-${Math.abs(id) % 7}`, "aria-hidden": "true" }, initials || "?");
}

/** Rows to choose a person from. `onPick(user)`; `current` is marked. */
export function personRows(current, onPick) {
  return world.users.map((user) =>
    button(
      [
        avatar(user.id, fullName(user)),
        el(
          "span",
          { class: "person-text" },
          el("span", { class: "person-name" }, fullName(user)),
          el(
            "span",
            { class: "person-note" },
            [
              user.role,
              user.username && `@${user.username}`,
              user.language_code,
              user.blocked && "blocked the bot",
            ]
              .filter(Boolean)
              .join(" · "),
          ),
        ),
      ],
      () => onPick(user),
      { class: "person", "aria-current": user.id === current ? "true" : null, data: { user: user.id } },
    ),
  );
}

export function addPersonRow(onAdded, over) {
  return button(
    [
      el("span", { class: "avatar avatar-add" }, icon("plus")),
      el("span", { class: "person-text" }, el("span", { class: "person-name" }, "Add a person")),
    ],
    () => addPerson(onAdded, over),
    { class: "person person-add" },
  );
}

const LANGUAGES = [
  ["en", "English"],
  ["de", "Deutsch"],
  ["fr", "Français"],
  ["es", "Español"],
  ["it", "Italiano"],
  ["pt-br", "Português (Brasil)"],
  ["ru", "Русский"],
  ["uk", "Українська"],
  ["tr", "Türkçe"],
  ["ar", "العربية"],
  ["fa", "فارسی"],
  ["hi", "हिन्दी"],
  ["id", "Indonesia"],
  ["ja", "日本語"],
  ["zh-hans", "中文"],
];

function addPerson(onAdded, over) {
  const name = el("input", {
    name: "name",
    required: true,
    maxLength: 60,
    autocomplete: "off",
    placeholder: "Dana Diaz",
  });
  const language = el(
    "select",
    { name: "language" },
    LANGUAGES.map(([code, label]) => el("option", { value: code }, `${label} (${code})`)),
  );
  const role = el(
    "select",
    { name: "role" },
    el("option", { value: "customer" }, "Customer"),
    el("option", { value: "stranger" }, "Stranger, invited by nobody"),
  );
  const form = el(
    "form",
    { class: "form", method: "dialog" },
    el("label", {}, "Name", name),
    el("label", {}, "Language of the Telegram app", language),
    el("label", {}, "Role", role),
    el(
      "div",
      { class: "dialog-actions" },
      button("Cancel", () => box.close(), { class: "plain" }),
      el("button", { type: "submit", class: "filled" }, "Add"),
    ),
  );
  const box = dialog("Add a person", [form], { over });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [first, ...rest] = name.value.trim().split(/\s+/);
    if (!first) return;
    const body = { first_name: first, language_code: language.value, role: role.value };
    if (rest.length) body.last_name = rest.join(" ");
    await report(async () => {
      const user = await sim.addUser(body);
      await refresh();
      box.close();
      onAdded(byId(user.id) ?? user);
    });
  });
  name.focus();
}
