/** "Let a year pass": what will happen, how far it is, and at the end the program's books beside the accountant's. */

import { sim } from "./api.js";
import { button, el } from "./dom.js";
import { dialog } from "./sheets.js";

const LOOK_EVERY = 600;

/** Opens the dialog where the year is: to begin, under way, over. Closing it doesn't stop the year. */
export function openYear() {
  const body = el("div", { class: "year", "aria-live": "polite" }, el("p", { class: "hint" }, "One moment…"));
  const box = dialog("A year in the life", [body]);
  box.classList.add("dialog-year");
  let stage = "";
  let look;

  const show = (year) => {
    if (year.stage === "running") {
      if (stage !== "running") body.replaceChildren(...running());
      progress(body, year);
    } else if (year.stage !== stage || year.stage === "failed") {
      const pages = {
        idle: () => offer(begin),
        done: () => over(year),
        failed: () => failed(year, begin),
      };
      body.replaceChildren(...pages[year.stage]());
    }
    stage = year.stage;
  };
  const follow = async (ask) => {
    clearTimeout(look);
    try {
      show(await ask());
    } catch (error) {
      if (error.name !== "SimError") throw error;
      stage = "error";
      body.replaceChildren(...trouble(error.message, () => follow(sim.year)));
      return;
    }
    if (stage === "running" && box.open) look = setTimeout(() => follow(sim.year), LOOK_EVERY);
  };
  const begin = () => follow(sim.beginYear);
  box.addEventListener("close", () => clearTimeout(look));
  follow(sim.year);
}

function offer(begin) {
  return [
    el(
      "p",
      {},
      "Twelve workspaces in twelve time zones, renewing on the 1st, 28th, 29th, 30th and 31st, live through the year " +
        "that begins next month.",
    ),
    el(
      "ul",
      { class: "year-story" },
      [
        "Add-ons are added, removed and added again.",
        "Prices rise and fall. Points run out, with grace and without.",
        "Cards are charged and declined. A refund takes a balance below zero.",
        "The bot is down for six weeks.",
      ].map((line) => el("li", {}, line)),
    ),
    el(
      "p",
      {},
      "Then an accountant, who knows the rules and has never seen the program, compares every line of its books " +
        "with his own.",
    ),
    el(
      "p",
      { class: "form-note" },
      "The clock turns a year on, for your own workspaces too. It takes a minute or two.",
    ),
    el("div", { class: "dialog-actions" }, button("Let it pass", begin, { class: "filled" })),
  ];
}

function running() {
  return [
    el("p", { class: "year-month" }),
    el("progress", { class: "year-progress", "aria-label": "The year" }),
    el("p", { class: "form-note year-note" }, "You can close this and look at the chats meanwhile."),
  ];
}

function progress(body, { month, months, now }) {
  const bar = body.querySelector(".year-progress");
  bar.max = months;
  bar.value = month;
  body.querySelector(".year-month").textContent = now ? longDate(now) : "The workspaces open…";
  body.querySelector(".year-note").textContent =
    `Month ${Math.min(month + 1, months)} of ${months}. You can close this and look at the chats meanwhile.`;
}

const longDate = (iso) =>
  new Date(iso).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });

function trouble(message, again) {
  return [
    el("p", { class: "year-verdict differs", role: "alert" }, message),
    el("div", { class: "dialog-actions" }, button("Look again", again, { class: "filled" })),
  ];
}

/** Before its first date nothing has happened, and it can be tried again. */
function failed({ error, now }, begin) {
  if (!now) {
    return [
      el("p", { class: "year-verdict differs", role: "alert" }, `The year can't begin: ${error}.`),
      el("div", { class: "dialog-actions" }, button("Try again", begin, { class: "filled" })),
    ];
  }
  return [
    el("p", { class: "year-verdict differs", role: "alert" }, `The year ended early, on ${longDate(now)}.`),
    el("p", { class: "year-error" }, error),
  ];
}

function over({ rows }) {
  const differing = rows.filter((row) => row.differences.length);
  const lines = rows.reduce((sum, row) => sum + row.lines, 0);
  return [
    differing.length
      ? el("p", { class: "year-verdict differs" }, `✗ ${differing.length} of ${rows.length} books differ.`)
      : el(
          "p",
          { class: "year-verdict same" },
          `✓ All ${rows.length} books agree with the accountant's, line by line: ${lines.toLocaleString()} lines.`,
        ),
    el(
      "table",
      { class: "year-books" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          COLUMNS.map(([title, , kind]) => el("th", { scope: "col", class: kind }, title)),
        ),
      ),
      el("tbody", {}, rows.map(bookRow)),
    ),
    ...differing.map((row) =>
      el(
        "details",
        { class: "year-differences" },
        el("summary", {}, `${row.name}: ${row.differences.length} differences`),
        el("ul", {}, row.differences.map((line) => el("li", {}, line))),
      ),
    ),
  ];
}

/** [title, cell's text, class] */
const COLUMNS = [
  ["Workspace", (row) => row.name, "name"],
  ["Zone", (row) => row.zone.replaceAll("_", " "), "zone"],
  ["Renews on", (row) => String(row.anchor), "number"],
  ["Renewals", (row) => String(row.renewals), "number"],
  ["Charged", (row) => (row.charged ? `$${amount(row.charged)}` : "–"), "number"],
  ["Declined", (row) => (row.declined ? String(row.declined) : "–"), "number"],
  ["Balance", (row) => amount(row.balance), "number"],
  ["Accountant", (row) => amount(row.expected), "number"],
  ["Books", (row) => (row.differences.length ? "✗ differ" : "✓ same"), "verdict"],
];

function bookRow(row) {
  return el(
    "tr",
    { class: row.differences.length ? "differs" : "same" },
    COLUMNS.map(([title, text, kind]) => el("td", { class: kind, data: { title } }, text(row))),
  );
}

/** Hundredths with two decimals. */
const amount = (hundredths) =>
  (hundredths / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
