"""Another price for a running subscription: what of both periods is charged and given back, and when it counts."""

from dataclasses import dataclass

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.collecting import collect, put_item, settle_subscription
from sandbox.stripe.errors import StripeError, invalid_request
from sandbox.stripe.invoices import drafted, finalize, keep, new_line, void
from sandbox.stripe.params import Params
from sandbox.stripe.periods import end_of_period, share
from sandbox.stripe.prices import require_active
from sandbox.stripe.subscriptions import ENDED, change, item_of

PENDING_FOR = 23 * 3600
"""Seconds that a change waits for its invoice to be paid."""

_PRORATIONS = ("always_invoice", "create_prorations", "none")
_PAYMENTS = ("allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete")


@dataclass(frozen=True, slots=True)
class ItemChange:
    """A change as asked for: the item as it will be, and what is invoiced at once."""

    item: Obj
    lines: tuple[Obj, ...]
    at: int


def item_change(
    account: Account, subscription: Obj, params: Params, proration_date: int | None
) -> ItemChange:
    """Of an update's or a preview's parameters; StripeError 400 for what can't be."""
    item = item_of(subscription)
    given = params.groups("items")
    if len(given) > 1:
        raise invalid_request("The sandbox's subscriptions have one item only.", param=params.name("items"))
    price = _price(account, subscription, given[0]) if given else item["price"]
    now = account.server.now()
    at = now if proration_date is None else proration_date
    start, end = item["current_period_start"], item["current_period_end"]
    if not start <= at <= min(end, now + 60):
        raise invalid_request(
            "Cannot specify proration date outside of current subscription period: "
            f"{at} is not between {start} and {end}.",
            param="proration_date",
        )
    if price["id"] == item["price"]["id"]:
        return ItemChange(item, (), at)
    wanted = item | {"price": price}
    if price["recurring"] != item["price"]["recurring"]:
        # Another interval begins a new period at once, and is paid for in full.
        wanted |= {
            "current_period_start": at,
            "current_period_end": end_of_period(at, price["recurring"], at),
        }
    return ItemChange(wanted, _lines(account, subscription, item, wanted, at), at)


def update_item(account: Account, subscription: Obj, params: Params) -> None:
    """As POST /v1/subscriptions/{id} with `items`; StripeError 402 is never raised: what isn't paid waits or is overdue."""
    proration = params.choice("proration_behavior", _PRORATIONS) or "create_prorations"
    payment = params.choice("payment_behavior", _PAYMENTS) or "allow_incomplete"
    if proration == "create_prorations" or payment in ("default_incomplete", "error_if_incomplete"):
        raise invalid_request(
            "The sandbox changes subscriptions with proration_behavior always_invoice or none, and payment_behavior "
            "pending_if_incomplete or allow_incomplete only.",
            param="proration_behavior",
        )
    wanted = item_change(account, subscription, params, params.integer("proration_date"))
    _drop_pending(account, subscription)
    if proration == "none" or not wanted.lines:
        put_item(account, subscription, wanted.item)
        return
    invoice = keep(
        account,
        drafted(account, subscription, wanted.lines, "subscription_update", wanted.at),
        automatic=False,
    )
    if payment == "pending_if_incomplete":
        pending = _pending(account, subscription, wanted.item)
        change(account, subscription, latest_invoice=invoice["id"], pending_update=pending)
    else:
        put_item(account, subscription, wanted.item, latest_invoice=invoice["id"])
    finalize(account, invoice)
    if invoice["status"] == "paid":
        settle_subscription(account, invoice)
        return
    try:
        collect(account, invoice)
    except StripeError:
        # The answer is the subscription with its change waiting, or overdue; the invoice tells of the decline.
        if payment == "allow_incomplete":
            change(account, subscription, status="past_due")


def expire_pending(account: Account, subscription: Obj) -> None:
    """Nobody paid for the change in time: it is forgotten and its invoice is void."""
    _drop_pending(account, subscription)
    account.emit("customer.subscription.pending_update_expired", subscription)


def refuse_ended(subscription: Obj) -> None:
    if subscription["status"] in ENDED:
        raise invalid_request(
            "A canceled subscription can only update its cancellation_details and metadata.",
            param="subscription",
        )


def _drop_pending(account: Account, subscription: Obj) -> None:
    if subscription["pending_update"] is None:
        return
    invoice = account.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open":
        void(account, invoice)
    change(account, subscription, pending_update=None)


def _pending(account: Account, subscription: Obj, item: Obj) -> Obj:
    end = item_of(subscription)["current_period_end"]
    return {
        "billing_cycle_anchor": None,
        "discount": None,
        "discounts": None,
        "expires_at": min(account.server.now() + PENDING_FOR, end),
        "metadata": None,
        "subscription_items": [item],
        "trial_end": None,
        "trial_from_plan": None,
    }


def _price(account: Account, subscription: Obj, given: Params) -> Obj:
    item = item_of(subscription)
    item_id = given.text("id")
    if item_id is None:
        raise invalid_request(
            "The sandbox's subscriptions have one item only: name its id to change it.",
            param=given.name("id"),
        )
    if item_id != item["id"]:
        account.get("subscription_item", item_id, given.name("id"), status=400)
        raise invalid_request(
            f"Subscription {subscription['id']} has no subscription item {item_id}.", param=given.name("id")
        )
    quantity = given.integer("quantity")
    if quantity not in (None, 1):
        raise invalid_request(
            "The sandbox sells one of a subscription's item only.", param=given.name("quantity")
        )
    named = given.text("price")
    if named is None:
        current: Obj = item["price"]
        return current
    price = account.get("price", named, given.name("price"), status=400)
    require_active(price)
    if price["type"] != "recurring":
        raise invalid_request(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            param=given.name("price"),
        )
    if price["currency"] != subscription["currency"]:
        raise invalid_request(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: "
            f"`{subscription['currency']}`.",
            param=given.name("price"),
        )
    return price


def _lines(account: Account, subscription: Obj, old: Obj, new: Obj, at: int) -> tuple[Obj, ...]:
    names = [account.get("product", each["price"]["product"])["name"] for each in (old, new)]
    until = old["current_period_end"]
    back = new_line(
        account,
        subscription,
        old["price"],
        -share(old["price"]["unit_amount"], old, at),
        (at, until),
        f"Unused time on {names[0]}",
        proration=True,
    )
    same_period = new["current_period_end"] == until
    cost = new["price"]["unit_amount"]
    forward = new_line(
        account,
        subscription,
        new["price"],
        share(cost, new, at) if same_period else cost,
        (at, new["current_period_end"]),
        f"Remaining time on {names[1]}" if same_period else f"1 × {names[1]}",
        proration=same_period,
    )
    return back, forward
