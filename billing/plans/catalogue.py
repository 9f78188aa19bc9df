"""The partner's plans: names, order, sale, prices, what an ended plan falls back to (R24, R25). Allowances: granting."""

from dataclasses import dataclass

from billing import audit
from billing.access import desk, desk_partner
from billing.call import Call
from billing.errors import BadValueError, GoneError
from billing.gateway import GatewayError, PriceFacts
from billing.money import Money
from billing.payments import Payments
from billing.plans.pages import PlanPrice, price_of
from billing.text import required
from storage import catalogue, subscriptions
from storage.models import Partner, Plan
from storage.models import PlanPrice as PriceRow
from storage.transaction import Tx

_INTERVALS = {"day", "week", "month", "year"}
MOST_PLANS = 40


@dataclass(frozen=True, slots=True)
class PlanCard:
    """A plan as its partner sees it. `allowances`: code, label and value of every limit, in the partner's order."""

    id: int
    name: str
    place: int
    """From the top, 0 the first."""
    of: int
    on_sale: bool
    price: PlanPrice | None
    stripe_price: str | None
    allowances: tuple[tuple[str, str, int], ...]
    workspaces: int
    fallback: bool
    settling: bool
    """Workspaces are still being brought to changed allowances."""


def plan_cards(tx: Tx, person_id: int) -> tuple[Partner, list[PlanCard]]:
    """All plans of the desk, in their order."""
    partner = desk(tx, person_id).partner
    plans = catalogue.plans(tx, partner.id)
    limits = catalogue.limits(tx, partner.id)
    granted = catalogue.plan_allowances(tx, partner.id, [plan.id for plan in plans])
    counts = subscriptions.by_plan(tx, partner.id)
    return partner, [
        PlanCard(
            plan.id,
            plan.name,
            place,
            len(plans),
            plan.on_sale,
            price_of(plan),
            plan.stripe_price,
            tuple((limit.code, limit.label, granted[plan.id].get(limit.code, 0)) for limit in limits),
            counts.get(plan.id, 0),
            plan.id == partner.fallback_plan_id,
            plan.settles_after is not None,
        )
        for place, plan in enumerate(plans)
    ]


def plan_card(tx: Tx, person_id: int, plan_id: int) -> PlanCard:
    """One of them. Raises GoneError."""
    _, cards = plan_cards(tx, person_id)
    found = next((card for card in cards if card.id == plan_id), None)
    if found is None:
        raise GoneError
    return found


def _plan(tx: Tx, partner: Partner, plan_id: int) -> Plan:
    plan = subscriptions.lock_plan(tx, partner.id, plan_id)
    if plan is None:
        raise GoneError
    return plan


def _free_name(tx: Tx, partner: Partner, name: str, plan_id: int | None) -> str:
    text = required(name, "name")
    if subscriptions.taken_name(tx, partner.id, text, plan_id):
        raise BadValueError("taken", text)
    return text


def make_plan(tx: Tx, call: Call, name: str) -> int:
    """A new plan, last in order, not on sale and granting nothing yet. The same call makes no second one.

    Raises BadValueError (name, length, taken, plans).
    """
    partner = desk_partner(tx, call.person_id)
    made = audit.recorded(tx, call, partner.id, "new_plan")
    if made is not None:
        return int(made.after["id"])
    plans = catalogue.plans(tx, partner.id)
    if len(plans) >= MOST_PLANS:
        raise BadValueError("plans", str(len(plans)))
    plan = Plan(
        partner_id=partner.id,
        id=catalogue.next_number(tx, "plan"),
        name=_free_name(tx, partner, name, None),
        on_sale=False,
        position=max((each.position for each in plans), default=0) + 1,
    )
    tx.session.add(plan)
    audit.record(tx, call, partner.id, "new_plan", subject=plan.name, after={"id": plan.id})
    return plan.id


def rename_plan(tx: Tx, call: Call, plan_id: int, name: str) -> None:
    """What customers read. Raises BadValueError (name, length, taken)."""
    partner = desk_partner(tx, call.person_id)
    plan = _plan(tx, partner, plan_id)
    text = _free_name(tx, partner, name, plan_id)
    if plan.name != text:
        audit.record(
            tx,
            call,
            partner.id,
            "plan_name",
            subject=plan.name,
            before={"name": plan.name},
            after={"name": text},
        )
        plan.name = text


def sell_plan(tx: Tx, call: Call, plan_id: int, *, on_sale: bool) -> None:
    """Offer a plan or not; whoever is on it stays."""
    partner = desk_partner(tx, call.person_id)
    plan = _plan(tx, partner, plan_id)
    if plan.on_sale != on_sale:
        audit.record(
            tx,
            call,
            partner.id,
            "plan_sale",
            subject=plan.name,
            before={"on_sale": plan.on_sale},
            after={"on_sale": on_sale},
        )
        plan.on_sale = on_sale


def move_plan(tx: Tx, call: Call, plan_id: int, place_from_top: int) -> None:
    """Put a plan at a place of the list, 0 the first: naming the target, pressing twice changes nothing (R13)."""
    partner = desk_partner(tx, call.person_id)
    plans = catalogue.plans(tx, partner.id)
    moved = next((plan for plan in plans if plan.id == plan_id), None)
    if moved is None:
        raise GoneError
    before = plans.index(moved)
    plans.remove(moved)
    plans.insert(max(0, place_from_top), moved)
    if plans.index(moved) != before:
        audit.record(
            tx,
            call,
            partner.id,
            "plan_place",
            subject=moved.name,
            before={"place": before + 1},
            after={"place": plans.index(moved) + 1},
        )
    for position, plan in enumerate(plans, start=1):
        plan.position = position


def set_fallback(tx: Tx, call: Call, plan_id: int | None) -> None:
    """What an ended plan falls back to (R25). None, the default: no plan, so that nobody is given one for nothing."""
    partner = desk_partner(tx, call.person_id)
    plan = _plan(tx, partner, plan_id) if plan_id is not None else None
    if partner.fallback_plan_id == plan_id:
        return
    before = catalogue.plan(tx, partner.id, partner.fallback_plan_id) if partner.fallback_plan_id else None
    audit.record(
        tx,
        call,
        partner.id,
        "fallback_plan",
        before={"plan": before.name if before is not None else None},
        after={"plan": plan.name if plan is not None else None},
    )
    partner.fallback_plan_id = plan_id


def show_price(tx: Tx, call: Call, plan_id: int, price: Money | None) -> None:
    """What a plan without a Stripe price says it costs a month; None: nothing. Raises BadValueError (stripe_price)."""
    partner = desk_partner(tx, call.person_id)
    plan = _plan(tx, partner, plan_id)
    if plan.stripe_price is not None:
        raise BadValueError("stripe_price", plan.stripe_price)
    before = _facts(plan)
    plan.amount_minor = price.amount_minor if price is not None else None
    plan.currency = price.currency if price is not None else None
    plan.interval, plan.interval_count = "month", 1
    _record_price(tx, call, plan, before)


def keep_stripe_price(tx: Tx, call: Call, plan_id: int, facts: PriceFacts) -> None:
    """The Stripe price that pays for a plan, as it was just looked up; who pays another one goes on with it.

    Raises BadValueError (price_inactive, price_once, price_taken).
    """
    partner = desk_partner(tx, call.person_id)
    plan = _plan(tx, partner, plan_id)
    if not facts.active:
        raise BadValueError("price_inactive", facts.id)
    if facts.interval not in _INTERVALS:
        raise BadValueError("price_once", facts.id)
    known = subscriptions.price(tx, partner.id, facts.id)
    if known is not None and known.plan_id != plan_id:
        raise BadValueError("price_taken", facts.id)
    if known is None:
        tx.session.add(PriceRow(partner_id=partner.id, price=facts.id, plan_id=plan_id, since=call.at))
    before = _facts(plan)
    plan.stripe_price = facts.id
    plan.amount_minor, plan.currency = facts.amount.amount_minor, facts.amount.currency
    plan.interval, plan.interval_count = facts.interval, facts.interval_count
    _record_price(tx, call, plan, before)


def drop_stripe_price(tx: Tx, call: Call, plan_id: int) -> None:
    """From now on the plan is given by hand; running subscriptions go on."""
    partner = desk_partner(tx, call.person_id)
    plan = _plan(tx, partner, plan_id)
    before = _facts(plan)
    plan.stripe_price = None
    _record_price(tx, call, plan, before)


def _facts(plan: Plan) -> dict[str, int | str | None]:
    return {
        "amount_minor": plan.amount_minor,
        "currency": plan.currency,
        "stripe_price": plan.stripe_price,
    }


def _record_price(tx: Tx, call: Call, plan: Plan, before: dict[str, int | str | None]) -> None:
    after = _facts(plan)
    if after != before:
        audit.record(tx, call, plan.partner_id, "plan_price", subject=plan.name, before=before, after=after)


async def set_stripe_price(payments: Payments, call: Call, partner_id: int, plan_id: int, price: str) -> None:
    """Look a price up at Stripe and keep it.

    Raises BadValueError (price_unknown, price_inactive, price_once, price_taken), PaymentsDownError, GatewayError.
    """
    text = required(price, "price_unknown")
    try:
        facts = await payments.gateway(partner_id).price(text)
    except GatewayError as error:
        if error.code in {"resource_missing", "price_unsupported"}:
            name = "price_unknown" if error.code == "resource_missing" else "price_once"
            raise BadValueError(name, text) from error
        raise
    await payments.db.write(keep_stripe_price, call, plan_id, facts)
    await payments.db.write(subscriptions.look_soon, partner_id, facts.id, call.at)
