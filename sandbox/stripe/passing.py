"""What the passing of time does to an account: pages expire, subscriptions renew, are tried again, and end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.checkout import expire_overdue
from sandbox.stripe.collecting import collect_unattended, finalize_and_collect, period_of, put_item
from sandbox.stripe.invoices import drafted, keep, new_line
from sandbox.stripe.periods import end_of_period
from sandbox.stripe.subscription_changes import expire_pending
from sandbox.stripe.subscriptions import ENDED, end, item_of

_Action = Callable[[Account, Obj], None]


@dataclass(frozen=True, slots=True)
class _Due:
    """Something that happens to an object at an instant, in seconds since 1970."""

    at: int
    action: _Action
    obj: Obj


def catch_up(account: Account) -> None:
    """Lets happen, in its order and dated as it would have been, whatever the clock has passed."""
    expire_overdue(account)
    while True:
        due = min(_all_due(account), key=lambda each: each.at, default=None)
        if due is None or due.at > account.server.now():
            return
        with account.server.at(due.at):
            due.action(account, due.obj)


def renew(account: Account, subscription: Obj) -> None:
    """The period is over: the next begins with an invoice, or the subscription ends as was asked."""
    if subscription["cancel_at_period_end"]:
        end(account, subscription, "cancellation_requested")
        return
    item, start = item_of(subscription), period_of(subscription)[1]
    until = end_of_period(subscription["billing_cycle_anchor"], item["price"]["recurring"], start)
    put_item(account, subscription, item | {"current_period_start": start, "current_period_end": until})
    # While unpaid, invoices are drawn up and left alone.
    invoice = keep(account, next_invoice(account, subscription), automatic=subscription["status"] != "unpaid")
    subscription["latest_invoice"] = invoice["id"]


def next_invoice(account: Account, subscription: Obj) -> Obj:
    """The invoice of the period that the subscription's item is in, not kept yet."""
    price = item_of(subscription)["price"]
    name = account.get("product", price["product"])["name"]
    line = new_line(
        account, subscription, price, price["unit_amount"], period_of(subscription), f"1 × {name}"
    )
    return drafted(account, subscription, [line], "subscription_cycle")


def _all_due(account: Account) -> Iterator[_Due]:
    for subscription in account.all("subscription"):
        if subscription["status"] in ENDED:
            continue
        if subscription["pending_update"] is not None:
            yield _Due(subscription["pending_update"]["expires_at"], expire_pending, subscription)
        yield _Due(period_of(subscription)[1], renew, subscription)
    for invoice in account.all("invoice"):
        if invoice["status"] == "draft" and invoice["automatically_finalizes_at"] is not None:
            yield _Due(invoice["automatically_finalizes_at"], finalize_and_collect, invoice)
        elif invoice["status"] == "open" and invoice["next_payment_attempt"] is not None:
            yield _Due(invoice["next_payment_attempt"], collect_unattended, invoice)
