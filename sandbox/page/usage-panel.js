/** What each workspace uses of the host platform, with sliders to use more or less. */

import { sim } from "./api.js";
import { el } from "./dom.js";
import { report } from "./sheets.js";
import { debounce, oneAtATime } from "./timing.js";

export function usagePanel(root, area) {
  const rows = new Map();
  let drawn = "";

  const refresh = oneAtATime(async () => {
    const { workspaces } = await sim.host();
    const outline = JSON.stringify(
      workspaces.map(({ id, name, limits }) => [id, name, limits.map(({ code, label }) => [code, label])]),
    );
    if (outline !== drawn) {
      drawn = outline;
      rows.clear();
      root.replaceChildren(...(workspaces.length ? workspaces.map(card) : [empty()]));
    }
    for (const workspace of workspaces) {
      rows.get(workspace.id).paused.hidden = !workspace.paused;
      for (const limit of workspace.limits) rows.get(`${workspace.id}/${limit.code}`).update(limit);
    }
  });

  function card(workspace) {
    const paused = el("span", { class: "badge danger", hidden: true }, "paused");
    rows.set(workspace.id, { paused });
    return el(
      "section",
      { class: "card", "aria-label": workspace.name },
      el("h3", { class: "card-title" }, el("span", { dir: "auto" }, workspace.name), paused),
      workspace.limits.map((limit) => limitRow(workspace, limit)),
    );
  }

  function limitRow(workspace, limit) {
    const id = `usage-${workspace.id}-${limit.code}`;
    const number = el("input", { type: "number", id, min: 0, class: "usage-number" });
    const range = el("input", {
      type: "range",
      min: 0,
      class: "usage-range",
      "aria-label": `${limit.label}, used`,
    });
    const allowance = el("span", { class: "usage-allowance" });
    const node = el(
      "div",
      { class: "usage" },
      el("label", { class: "usage-label", for: id }, limit.label),
      el("span", { class: "usage-numbers" }, number, allowance),
      range,
    );
    let held = false;
    let allowed = limit.allowance;
    const paint = (used) => {
      node.classList.toggle("over", used > allowed);
      node.classList.toggle("near", used <= allowed && used >= allowed * 0.8);
      range.style.setProperty("--used", Math.min(1, used / range.max));
      range.style.setProperty("--mark", Math.min(1, allowed / range.max));
    };
    const tell = debounce(async (value) => {
      held = false;
      await report(() => sim.setUsage(workspace.id, limit.code, value), area);
      refresh();
    }, 250);
    const changed = (source, other) => () => {
      const value = Math.max(0, Math.round(Number(source.value)));
      if (source.value === "" || !Number.isFinite(value)) return;
      held = true;
      other.value = value;
      paint(value);
      tell(value);
    };
    range.addEventListener("input", changed(range, number));
    number.addEventListener("input", changed(number, range));
    rows.set(`${workspace.id}/${limit.code}`, {
      update({ used, allowance: most }) {
        allowed = most ?? 0;
        allowance.textContent = `of ${allowed.toLocaleString()}`;
        if (held) return;
        range.max = Math.max(10, allowed * 2, used);
        if (document.activeElement !== number) number.value = used;
        range.value = used;
        paint(used);
      },
    });
    return node;
  }

  return { refresh };
}

function empty() {
  return el(
    "p",
    { class: "hint" },
    "No workspaces yet. When the partner makes one, its bots, members and bot users can be turned up and down here.",
  );
}
