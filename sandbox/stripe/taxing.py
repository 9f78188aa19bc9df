"""Tax and tax ids: what a page with them needs of account and customer, and what is added."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.errors import invalid_request
from sandbox.stripe.params import Params

TAX_PERCENT = 20
"""What the sandbox adds where automatic tax is on, whatever the address."""


def tax_of(amount: int) -> int:
    """The tax on an amount before it; on what is given back it is given back too."""
    tax = abs(amount) * TAX_PERCENT // 100
    return tax if amount >= 0 else -tax


def automatic_tax(account: Account, params: Params, customer: str | None) -> Obj:
    """A session's automatic_tax; StripeError 400 where the account isn't set up for it, or no address would be known."""
    enabled = params.group("automatic_tax").boolean("enabled")
    if enabled:
        if not account.profile.tax:
            mode, path = ("live", "") if account.livemode else ("test", "test/")
            raise invalid_request(
                f"You must have a valid head office address to enable automatic tax calculation in {mode} mode. "
                f"Visit https://dashboard.stripe.com/{path}settings/tax to update it.",
            )
        update = params.group("customer_update")
        if customer is not None and "auto" not in (update.text("address"), update.text("shipping")):
            raise invalid_request(
                "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address "
                "to the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to "
                "'auto' to save the address entered in Checkout to the Customer.",
                code="customer_tax_location_invalid",
            )
    return {
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "requires_location_inputs" if enabled else None,
    }


def tax_id_collection(params: Params, customer: str | None) -> Obj:
    """A session's tax_id_collection; StripeError 400 where the name that is typed could not be kept."""
    update = params.group("customer_update")
    if customer is None and params.has("customer_update"):
        raise invalid_request("`customer_update` can only be used with `customer`.", param="customer_update")
    enabled = params.group("tax_id_collection").boolean("enabled")
    if enabled and customer is not None and update.text("name") != "auto":
        raise invalid_request(
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an "
            "existing customer, set `customer_update[name]` to `auto`.",
            param="customer_update[name]",
        )
    return {"enabled": enabled, "required": "never"}


def add_tax(session: Obj) -> None:
    """The address is known now."""
    if session["automatic_tax"]["enabled"]:
        tax = tax_of(session["amount_subtotal"])
        session["amount_total"] = session["amount_subtotal"] + tax
        session["total_details"] = session["total_details"] | {"amount_tax": tax}
        session["automatic_tax"] = session["automatic_tax"] | {"status": "complete"}


def taxed_like(subscription: Obj, invoice: Obj) -> Obj:
    """An invoice of a subscription with the tax that the subscription adds, if it does."""
    if not subscription["automatic_tax"]["enabled"]:
        return invoice
    total = invoice["subtotal"] + tax_of(invoice["subtotal"])
    return invoice | {
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": True,
            "liability": {"type": "self"},
            "provider": "stripe",
            "status": "complete",
        },
        "amount_due": max(total, 0),
        "amount_remaining": max(total, 0),
        "total": total,
    }
