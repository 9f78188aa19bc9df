/** What Stripe holds, and what else can befall it: refunds, disputes, debits that fail, cards and invoices declined. */

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

/** How the next charge of a saved card ends, whatever it does otherwise. */
const NEXT_CHARGE = [
  ["generic_decline", "is declined"],
  ["insufficient_funds", "meets too little money"],
  ["expired_card", "finds it expired"],
  ["lost_card", "finds it reported lost"],
  ["processing_error", "meets an error at the bank"],
  ["authentication_required", "asks for 3-D Secure"],
];

const NEXT_INVOICE = [
  ["paid", "is paid"],
  ["declined", "is declined once"],
  ["given_up", "is never paid"],
];

export function paymentsPanel(root, area) {
  const refresh = oneAtATime(async () => {
    const held = await sim.payments();
    const cards = held.cards.length ? [savedCards(held.cards, act)] : [];
    const entries = [
      ...held.subscriptions.map((subscription) => plan(subscription, act)),
      ...held.payments.map((payment) => card(payment, act)),
    ];
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
  active: "good",
  past_due: "warn",
  unpaid: "danger",
  declined: "danger",
  failed: "danger",
};

const isRunning = ({ status }) => !["canceled", "incomplete_expired"].includes(status);

function plan(subscription, act) {
  const { id, status, invoice, description, changes_to: changesTo } = subscription;
  const ends = subscription.cancel_at_period_end ? "Ends" : "Renews";
  const lines = [
    `${description} · ${subscription.account_name}`,
    isRunning(subscription) && `${ends} ${when(subscription.period_end)}`,
    changesTo && `Changes to ${changesTo} once it is paid`,
    invoice.status === "open" && `Invoice of ${invoice.amount_text} is open`,
    invoice.status === "open" && invoice.next_attempt && `Tried again ${when(invoice.next_attempt)}`,
  ];
  return el(
    "section",
    { class: "card payment", data: { subscription: id } },
    el(
      "h3",
      { class: "card-title" },
      el("span", { class: "payment-amount" }, subscription.amount_text),
      el("span", { class: `badge ${KINDS[status] ?? ""}` }, words(status)),
    ),
    lines.filter(Boolean).map((line) => el("p", { class: "payment-note" }, line)),
    isRunning(subscription) && nextInvoice(subscription, act),
    el("div", { class: "payment-actions" }, planActions(subscription, act)),
  );
}

function nextInvoice({ id, next_invoice: outcome }, act) {
  const choose = choice([["", NEXT_INVOICE]], outcome, (wanted) =>
    act("next_invoice", { subscription: id, outcome: wanted }),
  );
  return el("label", { class: "saved-card" }, el("span", {}, "Next invoice"), choose);
}

function planActions(subscription, act) {
  const { id, invoice } = subscription;
  const out = [];
  if (invoice.status === "open") {
    out.push(button("Pay the invoice", () => act("pay_invoice", { invoice: invoice.id }), { class: "chip" }));
    out.push(link("Its page", invoice.url));
  }
  if (isRunning(subscription))
    out.push(
      button("End it now", () => act("cancel_subscription", { subscription: id }), { class: "chip danger" }),
    );
  return out;
}

/** A select of grouped [value, label] pairs; a group without a name stands on its own. */
function choice(groups, chosen, onChange) {
  const options = (pairs) =>
    pairs.map(([value, label]) => el("option", { value, selected: value === chosen }, label));
  const select = el(
    "select",
    {},
    groups.map(([label, pairs]) => (label ? el("optgroup", { label }, options(pairs)) : options(pairs))),
  );
  select.addEventListener("change", () => onChange(select.value));
  return select;
}

function link(label, href) {
  return el("a", { class: "chip", href, target: "_blank", rel: "noopener" }, label);
}

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
  if (receipt) out.push(link("Receipt", receipt));
  return out;
}

function savedCards(cards, act) {
  return el(
    "section",
    { class: "card" },
    el("h3", { class: "card-title" }, "Saved cards"),
    cards.map(({ id, brand, last4, behaves_like: number, declined }) => {
      const known = BEHAVIOURS.some(([value]) => value === number)
        ? BEHAVIOURS
        : [[number, `as ${number}`], ...BEHAVIOURS];
      const select = choice(
        [
          ["Always", known],
          ["Only the next charge", NEXT_CHARGE],
        ],
        declined?.code ?? number,
        async (wanted) => {
          const once = NEXT_CHARGE.some(([code]) => code === wanted);
          await act("decline", { payment_method: id, code: once ? wanted : null });
          if (!once) await act("card", { payment_method: id, card: wanted });
        },
      );
      return el("label", { class: "saved-card" }, el("span", {}, `${brand} ···· ${last4}`), select);
    }),
  );
}

function empty() {
  return el(
    "p",
    { class: "hint" },
    "No payments yet. Stripe's page lists its test cards: one pays, others are declined, ask for 3-D Secure, or are charged days later. What comes after, a refund, a dispute or a declined renewal, happens here.",
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
