"""Products and their prices, paid once or again each period."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.errors import invalid_request
from sandbox.stripe.listing import listed
from sandbox.stripe.money import check_currency, check_unit_amount
from sandbox.stripe.params import Params
from sandbox.stripe.routing import ApiRequest, Route

PLANS = (
    ("price_business", "Business", "2900"),
    ("price_business_lite", "Business Lite", "4900"),
    ("price_business_large", "Business Large", "9900"),
)
"""What `seed_plans` sells: the price's id, its product's name, minor units a month."""

_INTERVALS = ("day", "week", "month", "year")
_LONGEST = {"day": 1095, "week": 156, "month": 36, "year": 3}
"""Three years in each."""


def seed_plans(account: Account, currency: str = "usd") -> None:
    """Three monthly prices under ids that can be typed, once."""
    for price_id, name, amount in PLANS:
        if account.find("price", price_id) is None:
            product = new_product(account, Params({"name": name}), active=True)
            terms = {"currency": currency, "unit_amount": amount, "recurring": {"interval": "month"}}
            new_price(account, Params(terms), product, active=True, price_id=price_id)


def require_active(price: Obj) -> None:
    """StripeError 400 for a price that was archived."""
    if not price["active"] and price["type"] == "recurring":
        raise invalid_request(
            "The price specified is inactive. This field only accepts active prices.", param="price"
        )


def rhythm(price: Obj) -> str:
    """For people: "per month", "every 3 months"; of a recurring price."""
    count, interval = price["recurring"]["interval_count"], price["recurring"]["interval"]
    return f"per {interval}" if count == 1 else f"every {count} {interval}s"


def _recurring(params: Params) -> Obj:
    interval = params.choice("interval", _INTERVALS) or params.required_text("interval")
    count = params.integer("interval_count")
    count = 1 if count is None else count
    if not 1 <= count <= _LONGEST[interval]:
        raise invalid_request(
            f"The maximum recurring interval is {_LONGEST[interval]} {interval}s.",
            param=params.name("interval_count"),
        )
    if params.choice("usage_type", ("licensed", "metered")) == "metered":
        raise invalid_request("The sandbox has no metered prices.", param=params.name("usage_type"))
    return {"interval": interval, "interval_count": count, "meter": None, "usage_type": "licensed"}


def new_product(account: Account, params: Params, *, active: bool) -> Obj:
    now = account.server.now()
    return account.add(
        {
            "id": params.text("id") or account.new_id("prod", 14),
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


def new_price(
    account: Account, params: Params, product: Obj, *, active: bool, price_id: str | None = None
) -> Obj:
    currency = check_currency(params.required_text("currency"), params.name("currency"))
    unit_amount = params.required_integer("unit_amount")
    check_unit_amount(unit_amount, currency, params.name("unit_amount"))
    recurring = _recurring(params.group("recurring")) if params.has("recurring") else None
    return account.add(
        {
            "id": price_id or account.new_id("price"),
            "object": "price",
            "active": active,
            "billing_scheme": "per_unit",
            "created": account.server.now(),
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": account.livemode,
            "lookup_key": params.text("lookup_key"),
            "metadata": params.metadata(),
            "nickname": params.text("nickname"),
            "product": product["id"],
            "recurring": recurring,
            "tax_behavior": params.choice("tax_behavior", ("exclusive", "inclusive", "unspecified"))
            or "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time" if recurring is None else "recurring",
            "unit_amount": unit_amount,
            "unit_amount_decimal": str(unit_amount),
        }
    )


def _create_product(request: ApiRequest) -> Obj:
    product = new_product(request.account, request.params, active=True)
    request.account.emit("product.created", product)
    return product


def _create_price(request: ApiRequest) -> Obj:
    product_id = request.params.text("product")
    if product_id is None:
        product = new_product(request.account, request.params.group("product_data"), active=True)
    else:
        product = request.account.get("product", product_id, "product", status=400)
    active = request.params.boolean("active", default=True)
    price = new_price(request.account, request.params, product, active=active)
    request.account.emit("price.created", price)
    return price


def _retrieve_product(request: ApiRequest) -> Obj:
    return request.account.get("product", request.ids["id"])


def _retrieve_price(request: ApiRequest) -> Obj:
    return request.account.get("price", request.ids["price"], "price")


def _update_price(request: ApiRequest) -> Obj:
    price = _retrieve_price(request)
    previous = {"active": price["active"]}
    price["active"] = request.params.boolean("active", default=price["active"])
    price["metadata"] = request.params.metadata(before=price["metadata"])
    request.account.emit("price.updated", price, previous)
    return price


def _list_products(request: ApiRequest) -> Obj:
    return listed(request, [product for product in request.account.all("product") if product["active"]])


def _list_prices(request: ApiRequest) -> Obj:
    active = request.params.boolean("active", default=True)
    prices = [price for price in request.account.all("price") if price["active"] is active]
    return listed(request, prices, equal=("currency", "product", "type"))


ROUTES = (
    Route("POST", "/v1/products", _create_product),
    Route("GET", "/v1/products", _list_products),
    Route("GET", "/v1/products/{id}", _retrieve_product),
    Route("POST", "/v1/prices", _create_price),
    Route("GET", "/v1/prices", _list_prices),
    Route("GET", "/v1/prices/{price}", _retrieve_price),
    Route("POST", "/v1/prices/{price}", _update_price),
)
