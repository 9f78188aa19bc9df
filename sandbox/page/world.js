/** The third area: the world around the two chats. Clock on top, then usage, payments, failures and the call log. */

import { callsPanel } from "./calls-panel.js";
import { clockPanel } from "./clock-panel.js";
import { el } from "./dom.js";
import { faultsPanel } from "./faults-panel.js";
import { paymentsPanel } from "./payments-panel.js";
import { recall, remember } from "./remembered.js";
import { usagePanel } from "./usage-panel.js";

const TABS = [
  ["usage", "Usage"],
  ["payments", "Payments"],
  ["faults", "Faults"],
  ["calls", "Calls"],
];

/** @param {(refused: number) => void} onRefused  told how many calls were refused so far */
export function worldArea(root, onRefused) {
  const clockRoot = el("div", { class: "clock" });
  const tablist = el("div", {
    class: "world-tabs",
    role: "tablist",
    "aria-label": "World",
    on: { keydown: arrow },
  });
  const badge = el("span", { class: "count", hidden: true });
  const panels = {};
  for (const [name, label] of TABS) {
    tablist.append(
      el(
        "button",
        {
          type: "button",
          role: "tab",
          id: `tab-${name}`,
          "aria-controls": `panel-${name}`,
          data: { name },
          on: { click: () => select(name) },
        },
        label,
        name === "calls" ? badge : null,
      ),
    );
    panels[name] = el("div", {
      class: `panel panel-${name}`,
      role: "tabpanel",
      id: `panel-${name}`,
      "aria-labelledby": `tab-${name}`,
      tabIndex: -1,
    });
  }
  root.append(clockRoot, tablist, el("div", { class: "panels" }, Object.values(panels)));
  clockPanel(clockRoot, root);
  const parts = {
    usage: usagePanel(panels.usage, root),
    payments: paymentsPanel(panels.payments, root),
    faults: faultsPanel(panels.faults, root),
    calls: callsPanel(panels.calls, (refused) => {
      badge.textContent = refused > 99 ? "99+" : refused;
      badge.hidden = !refused;
      badge.setAttribute("aria-label", `${refused} refused`);
      onRefused(refused);
    }),
  };

  function select(name) {
    for (const tab of tablist.children) {
      const on = tab.dataset.name === name;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      panels[tab.dataset.name].hidden = !on;
    }
    remember("world", name);
  }

  function arrow(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const tabs = [...tablist.children];
    const next = tabs[(tabs.indexOf(event.target.closest("[role=tab]")) + step + tabs.length) % tabs.length];
    select(next.dataset.name);
    next.focus();
  }

  const known = recall("world");
  select(TABS.some(([name]) => name === known) ? known : "usage");
  return parts;
}
