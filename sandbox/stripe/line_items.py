"""What a Checkout Session sells: prices, inline or made before, times quantities."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.errors import invalid_request, missing
from sandbox.stripe.listing import listed
from sandbox.stripe.money import check_currency, check_unit_amount
from sandbox.stripe.params import Params
from sandbox.stripe.routing import ApiRequest, Route

_MOST_ITEMS = 100


def priced_items(account: Account, params: Params) -> list[Obj]:
    """The session's items with their amounts; StripeError 400 if there are none, or they mix currencies."""
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
        product = _new_product(account, data.group("product_data"), active=False)
    else:
        product = account.get("product", product_id, data.name("product"), status=400)
    return _new_price(account, data, product, active=False)


def _new_product(account: Account, params: Params, *, active: bool) -> Obj:
    now = account.server.now()
    return account.add(
        {
            "id": account.new_id("prod", 14),
            "object": "product",
            "active": active,
            "created": now,
            "default_price": None,
            "description": params.text("description"),
            "images": params.strings("images") or [],
            "livemode": account.livemode,
            "marketing_features": [],
            "metadata": params.metadata(),
            "name": params.required_text("name"),
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": params.text("tax_code"),
            "unit_label": params.text("unit_label"),
            "updated": now,
            "url": None,
        }
    )


def _new_price(account: Account, params: Params, product: Obj, *, active: bool) -> Obj:
    currency = check_currency(params.required_text("currency"), params.name("currency"))
    unit_amount = params.required_integer("unit_amount")
    check_unit_amount(unit_amount, currency, params.name("unit_amount"))
    return account.add(
        {
            "id": account.new_id("price"),
            "object": "price",
            "active": active,
            "billing_scheme": "per_unit",
            "created": account.server.now(),
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": account.livemode,
            "lookup_key": None,
            "metadata": params.metadata(),
            "nickname": params.text("nickname"),
            "product": product["id"],
            "recurring": None,
            "tax_behavior": params.choice("tax_behavior", ("exclusive", "inclusive", "unspecified"))
            or "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": unit_amount,
            "unit_amount_decimal": str(unit_amount),
        }
    )


def _create_product(request: ApiRequest) -> Obj:
    return _new_product(request.account, request.params, active=True)


def _create_price(request: ApiRequest) -> Obj:
    product_id = request.params.text("product")
    if product_id is None:
        product = _new_product(request.account, request.params.group("product_data"), active=True)
    else:
        product = request.account.get("product", product_id, "product", status=400)
    return _new_price(request.account, request.params, product, active=True)


def _retrieve_product(request: ApiRequest) -> Obj:
    return request.account.get("product", request.ids["id"])


def _retrieve_price(request: ApiRequest) -> Obj:
    return request.account.get("price", request.ids["price"], "price")


def _list_products(request: ApiRequest) -> Obj:
    return listed(request, [product for product in request.account.all("product") if product["active"]])


def _list_prices(request: ApiRequest) -> Obj:
    active = [price for price in request.account.all("price") if price["active"]]
    return listed(request, active, equal=("currency", "product"))


ROUTES = (
    Route("POST", "/v1/products", _create_product),
    Route("GET", "/v1/products", _list_products),
    Route("GET", "/v1/products/{id}", _retrieve_product),
    Route("POST", "/v1/prices", _create_price),
    Route("GET", "/v1/prices", _list_prices),
    Route("GET", "/v1/prices/{price}", _retrieve_price),
)
