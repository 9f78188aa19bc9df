"""What a Checkout Session sells: prices, inline or made before, times quantities."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.errors import invalid_request, missing
from sandbox.stripe.params import Params
from sandbox.stripe.prices import new_price, new_product, require_active

_MOST_ITEMS = 100


def priced_items(account: Account, params: Params, mode: str) -> list[Obj]:
    """The session's items with their amounts; StripeError 400 if there are none, they mix currencies or don't fit `mode`."""
    given = params.groups("line_items")
    if not given:
        raise missing("line_items")
    if len(given) > _MOST_ITEMS:
        raise invalid_request(
            f"Array line_items exceeded maximum {_MOST_ITEMS} allowed elements.", param="line_items"
        )
    items = [_item(account, line) for line in given]
    if len({item["currency"] for item in items}) > 1:
        raise invalid_request("All line items must have the same currency.", param="line_items")
    recurring = [item for item in items if item["price"]["type"] == "recurring"]
    if mode == "payment" and recurring:
        raise invalid_request(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices."
        )
    if mode == "subscription" and not recurring:
        raise invalid_request(
            "You must provide at least one recurring price in `subscription` mode when using prices."
        )
    if mode == "subscription" and len(items) > 1:
        raise invalid_request("The sandbox sells subscriptions of one item only.", param="line_items")
    return items


def _item(account: Account, line: Params) -> Obj:
    quantity = line.required_integer("quantity")
    if quantity < 1:
        raise invalid_request(
            f"This value must be greater than or equal to 1 (it currently is '{quantity}').",
            code="parameter_invalid_integer",
            param=line.name("quantity"),
        )
    named = line.text("price")
    if named is not None:
        price = account.get("price", named, line.name("price"), status=400)
        require_active(price)
    else:
        if not line.has("price_data"):
            raise missing(line.name("price"))
        price = _inline_price(account, line.group("price_data"))
    product = account.get("product", price["product"])
    amount = price["unit_amount"] * quantity
    return {
        "id": account.new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": line.metadata(),
        "price": price,
        "quantity": quantity,
    }


def _inline_price(account: Account, data: Params) -> Obj:
    product_id = data.text("product")
    if product_id is None:
        if not data.has("product_data"):
            raise missing(data.name("product_data"))
        product = new_product(account, data.group("product_data"), active=False)
    else:
        product = account.get("product", product_id, data.name("product"), status=400)
    return new_price(account, data, product, active=False)
