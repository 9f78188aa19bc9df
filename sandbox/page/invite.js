/** A link to our own bot, tapped in a chat: who opens it? */

import { sim } from "./api.js";
import { button, el } from "./dom.js";
import { addPersonRow, fullName, paneOf, personRows, show, userOf, world } from "./people.js";
import { copy, dialog, report } from "./sheets.js";

/**
 * @param {string} payload  what stands after ?start=
 * @param {ChatPane} pane  where the link was tapped
 * @param {(pane: string) => void} reveal  brings a pane into view on a phone
 */
export function openInvite(payload, pane, reveal) {
  const suggested = userOf(pane.name === "partner" ? "customer" : pane.name) ?? userOf(pane.name);
  const text = payload ? `/start ${payload}` : "/start";
  const openAs = async (user) => {
    box.close();
    const target = paneOf(user);
    show(target, user.id);
    reveal(target);
    await report(() => sim.message(user.id, text), pane.root);
  };
  const link = `https://t.me/${world.bot.username}${payload ? `?start=${payload}` : ""}`;
  const box = dialog(
    "Open this link as …",
    [
      el("p", { class: "link-shown" }, link),
      el("div", { class: "people" }, personRows(suggested.id, openAs), addPersonRow(openAs, pane.root)),
      el(
        "div",
        { class: "dialog-actions" },
        button("Copy link", () => copy(link, pane.root), { class: "plain" }),
        button(`Open as ${fullName(suggested)}`, () => openAs(suggested), { class: "filled" }),
      ),
    ],
    { over: pane.root },
  );
  box.querySelector(".filled").focus();
}
