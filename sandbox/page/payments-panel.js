/** What Stripe holds, and what else can befall a payment: refund, dispute, a bank debit that settles or fails. */

import { sim } from "./api.js";
import { now } from "./clock.js";
import { button, el } from "./dom.js";
import { report } from "./sheets.js";
import { oneAtATime } from "./timing.js";

const OPEN_DISPUTE = /needs_response|under_review/;

/** How a saved card may behave from now on: Stripe's test cards. */
const BEHAVIOURS = [
  ["4242424242424242", "pays"],
  ["4000000000000002", "is declined"],
  ["4000000000009995", "has too little money"],
  ["4000000000000069", "has expired"],
  ["4000000000009979", "is reported stolen"],
  ["4000002760003184", "asks for 3-D Secure"],
];

export function paymentsPanel(root, area) {
  const refresh = oneAtATime(async () => {
    const held = await sim.payments();
    const cards = held.cards.length ? [savedCards(held.cards, act)] : [];
    const entries = held.payments.map((payment) => card(payment, act));
    root.replaceChildren(...(cards.length + entries.length ? [...cards, ...entries] : [empty()]));
  });
  const act = async (action, body) => {
    await report(() => sim.stripe(action, body), area);
    refresh();
  };
  return { refresh };
}

function card(payment, act) {
  const { dispute } = payment;
  const lines = [
    [payment.description, when(payment.created), payment.account_name].filter(Boolean).join(" · "),
    payment.status === "paid" || payment.status === "processing" ? null : payment.failure,
    payment.refunded_text && `${payment.refunded_text} refunded`,
    payment.refunds.some((refund) => refund.status === "failed") && "A refund failed",
    dispute && `Dispute (${dispute.reason}): ${words(dispute.status)}`,
  ];
  return el(
    "section",
    { class: "card payment", data: { payment: payment.session ?? payment.payment_intent } },
    el(
      "h3",
      { class: "card-title" },
      el("span", { class: "payment-amount" }, payment.mode === "setup" ? "Card" : payment.amount_text),
      badge(payment),
    ),
    lines.filter(Boolean).map((line) => el("p", { class: "payment-note" }, line)),
    el("div", { class: "payment-actions" }, actions(payment, act)),
  );
}

const KINDS = {
  paid: "good",
  saved: "good",
  processing: "warn",
  requires_action: "warn",
  declined: "danger",
  failed: "danger",
};

function badge({ status, dispute, amount, amount_refunded: refunded }) {
  let [text, kind] = [words(status), KINDS[status] ?? ""];
  if (dispute && isOpen(dispute)) [text, kind] = ["disputed", "danger"];
  else if (dispute?.status === "lost") [text, kind] = ["dispute lost", "danger"];
  else if (refunded) [text, kind] = [refunded >= amount ? "refunded" : "partly refunded", "warn"];
  return el("span", { class: `badge ${kind}` }, text);
}

const words = (status) => status.replaceAll("_", " ");
const isOpen = (dispute) => OPEN_DISPUTE.test(dispute.status);

function actions({ session, charge, status, dispute, refunds, receipt_url: receipt, ...payment }, act) {
  const out = [];
  const chip = (label, action, body, kind = "") =>
    out.push(button(label, () => act(action, body), { class: `chip ${kind}` }));
  if (session && ["open", "declined", "requires_action"].includes(status))
    chip("Let it expire", "expire", { session });
  if (session && status === "processing") {
    chip("Money arrives", "settle_delayed", { session });
    chip("Bank refuses", "fail_delayed", { session }, "danger");
  }
  const rest = status === "paid" && !dispute ? payment.amount - payment.amount_refunded : 0;
  if (rest > 0) {
    chip("Refund", "refund", { charge });
    if (rest > 1) chip("Refund half", "refund", { charge, amount: Math.floor(rest / 2) });
    chip("Dispute", "dispute", { charge }, "danger");
  }
  const settled = refunds.find((refund) => refund.status === "succeeded");
  if (settled) chip("Refund fails", "fail_refund", { refund: settled.id }, "danger");
  if (dispute && isOpen(dispute)) {
    chip("Won", "dispute/close", { dispute: dispute.id, won: true });
    chip("Lost", "dispute/close", { dispute: dispute.id, won: false }, "danger");
  }
  if (receipt)
    out.push(el("a", { class: "chip", href: receipt, target: "_blank", rel: "noopener" }, "Receipt"));
  return out;
}

function savedCards(cards, act) {
  return el(
    "section",
    { class: "card" },
    el("h3", { class: "card-title" }, "Saved cards"),
    cards.map(({ id, brand, last4, behaves_like: number }) => {
      const known = BEHAVIOURS.some(([value]) => value === number)
        ? BEHAVIOURS
        : [[number, `as ${number}`], ...BEHAVIOURS];
      const select = el(
        "select",
        {},
        known.map(([value, label]) => el("option", { value, selected: value === number }, label)),
      );
      select.addEventListener("change", () => act("card", { payment_method: id, card: select.value }));
      return el("label", { class: "saved-card" }, el("span", {}, `${brand} ···· ${last4}`), select);
    }),
  );
}

function empty() {
  return el(
    "p",
    { class: "hint" },
    "No payments yet. Stripe's page lists its test cards: one pays, others are declined, ask for 3-D Secure, or are charged days later. What comes after, a refund or a dispute, happens here.",
  );
}

function when(seconds) {
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === now().toDateString();
  return date.toLocaleString(
    undefined,
    today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" },
  );
}
