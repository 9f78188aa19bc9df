/** The sandbox's time as seen by this page: its `now` at the last fetch plus what has passed since by this machine. */

import { sim } from "./api.js";
import { oneAtATime } from "./timing.js";

const ticks = new Set();
let offset = 0;

export const now = () => new Date(Date.now() + offset);

/** Calls back each second, and at once when the clock was turned. */
export function onTick(callback) {
  ticks.add(callback);
}

function tick() {
  for (const callback of ticks) callback();
}

export function set(iso) {
  offset = Date.parse(iso) - Date.now();
  tick();
}

export const refresh = oneAtATime(async () => set((await sim.clock()).now));

setInterval(tick, 1000);

export const sameDay = (a, b) => a.toDateString() === b.toDateString();

export const timeOfDay = (date, language) =>
  date.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });

export function dayName(date, language) {
  const year = date.getFullYear() === now().getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString(language, { day: "numeric", month: "long", year });
}

/** A message's `date`: Unix seconds as Telegram has it, or ISO text. */
export const moment = (value) => new Date(typeof value === "number" ? value * 1000 : value);

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

function relative(date, language) {
  const seconds = (date - now()) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/**
 * A date as Telegram shows a date_time entity, in this browser's zone. Format: "r" (relative) or weekday "w",
 * date "d"/"D" (short/long), time "t"/"T" (short/with seconds), as the Bot API defines.
 */
export function formatDate(date, format, language) {
  if (format.includes("r")) return relative(date, language);
  const options = {};
  if (format.includes("w")) options.weekday = "long";
  if (/d/i.test(format)) {
    options.day = "numeric";
    options.month = format.includes("D") ? "long" : "short";
    if (format.includes("D") || date.getFullYear() !== now().getFullYear()) options.year = "numeric";
  }
  if (/t/i.test(format)) {
    options.hour = "2-digit";
    options.minute = "2-digit";
    if (format.includes("T")) options.second = "2-digit";
  }
  return new Intl.DateTimeFormat(language, options).format(date);
}

export const fullDate = (date, language) =>
  date.toLocaleString(language, { dateStyle: "full", timeStyle: "long" });

/** A language tag that Intl knows; `undefined` (the browser's own) for anything else. */
export function language(code) {
  try {
    return code && Intl.DateTimeFormat.supportedLocalesOf(code).length ? code : undefined;
  } catch {
    return undefined;
  }
}
