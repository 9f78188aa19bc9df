/** Puts the page together and keeps it in step with the sandbox. */

import { listen } from "./api.js";
import { ChatPane } from "./chat.js";
import * as clock from "./clock.js";
import { button, el, icon } from "./dom.js";
import { guide } from "./guide.js";
import { openInvite } from "./invite.js";
import { onPeople, refresh as refreshPeople } from "./people.js";
import { recall, remember } from "./remembered.js";
import { toast } from "./sheets.js";
import { soon } from "./timing.js";
import { worldArea } from "./world.js";

const AREAS = [
  ["partner", "Partner"],
  ["customer", "Customer"],
  ["world", "World"],
];

const area = (id) => document.getElementById(id);
const tabs = area("tabs");
const connection = area("connection");

function reveal(name) {
  document.body.dataset.tab = name;
  for (const tab of tabs.children) {
    if (tab.dataset.name === name) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  remember("tab", name);
}

const refusedBadge = el("span", { class: "count", hidden: true });
tabs.append(
  ...AREAS.map(([name, label]) =>
    button([icon(name), el("span", {}, label), name === "world" ? refusedBadge : null], () => reveal(name), {
      class: "tab",
      data: { name },
    }),
  ),
);

const onInvite = (payload, pane) => openInvite(payload, pane, reveal);
const chats = [
  new ChatPane("partner", area("pane-partner"), onInvite),
  new ChatPane("customer", area("pane-customer"), onInvite),
];
const world = worldArea(area("world"), (refused) => {
  refusedBadge.textContent = refused > 99 ? "99+" : refused;
  refusedBadge.hidden = !refused;
});

onPeople(() => chats.forEach((chat) => chat.peopleChanged()));

const everything = [
  refreshPeople,
  clock.refresh,
  ...chats.map((chat) => chat.refresh),
  world.usage.refresh,
  world.payments.refresh,
  world.faults.refresh,
  world.calls.restart,
];
const refreshAll = () => everything.forEach((run) => run());

/** What happened in one person's chat concerns the panes that show it. */
const chatRefreshes = chats.map((chat) => [chat, soon(chat.refresh, 30)]);
const onChat = ({ user }) =>
  chatRefreshes.forEach(([chat, refresh]) => (user === undefined || user === chat.userId) && refresh());
const onPeopleEvent = soon(refreshPeople, 50);
const REACTIONS = {
  chat: [onChat],
  query: [onChat],
  calls: [soon(world.calls.refresh, 300), soon(world.faults.refresh, 500)],
  clock: [soon(clock.refresh, 20)],
  host: [soon(world.usage.refresh, 150)],
  stripe: [soon(world.payments.refresh, 150)],
  bot: [onPeopleEvent, onChat],
};

/** A fetch that fails leaves the old picture. That the sandbox is away is said by the bar at the top, all else by a toast. */
addEventListener("unhandledrejection", (event) => {
  if (event.reason?.name !== "SimError") return;
  event.preventDefault();
  if (event.reason.status) toast(event.reason.message);
});

let lost;

listen(
  (event) => REACTIONS[event.kind]?.forEach((react) => react(event)),
  (up) => {
    clearTimeout(lost);
    if (up) {
      connection.hidden = true;
      refreshAll();
    } else {
      lost = setTimeout(() => {
        connection.textContent = "Connection lost: the sandbox doesn't answer. Trying again…";
        connection.hidden = false;
      }, 800);
    }
  },
);

guide(area("guide"));
reveal(AREAS.some(([name]) => name === recall("tab")) ? recall("tab") : "partner");
