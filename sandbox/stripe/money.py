"""Stripe's currencies: minor units, smallest and largest charges. Amounts are integers in the smallest unit Stripe takes."""

from decimal import Decimal

from sandbox.stripe.errors import invalid_request

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
WHOLE_UNITS_ONLY = frozenset(["isk", "ugx"])
"""Two decimals on the wire, of which both must be zero."""

TWO_DECIMAL = frozenset(
    [
        "aed",
        "afn",
        "all",
        "amd",
        "ang",
        "aoa",
        "ars",
        "aud",
        "awg",
        "azn",
        "bam",
        "bbd",
        "bdt",
        "bgn",
        "bmd",
        "bnd",
        "bob",
        "brl",
        "bsd",
        "bwp",
        "byn",
        "bzd",
        "cad",
        "cdf",
        "chf",
        "cny",
        "cop",
        "crc",
        "cve",
        "czk",
        "dkk",
        "dop",
        "dzd",
        "egp",
        "etb",
        "eur",
        "fjd",
        "fkp",
        "gbp",
        "gel",
        "gip",
        "gmd",
        "gtq",
        "gyd",
        "hkd",
        "hnl",
        "htg",
        "huf",
        "idr",
        "ils",
        "inr",
        "jmd",
        "kes",
        "kgs",
        "khr",
        "kyd",
        "kzt",
        "lak",
        "lbp",
        "lkr",
        "lrd",
        "lsl",
        "mad",
        "mdl",
        "mkd",
        "mmk",
        "mnt",
        "mop",
        "mur",
        "mvr",
        "mwk",
        "mxn",
        "myr",
        "mzn",
        "nad",
        "ngn",
        "nio",
        "nok",
        "npr",
        "nzd",
        "pab",
        "pen",
        "pgk",
        "php",
        "pkr",
        "pln",
        "qar",
        "ron",
        "rsd",
        "rub",
        "sar",
        "sbd",
        "scr",
        "sek",
        "sgd",
        "shp",
        "sle",
        "sos",
        "srd",
        "std",
        "szl",
        "thb",
        "tjs",
        "top",
        "try",
        "ttd",
        "twd",
        "tzs",
        "uah",
        "usd",
        "uyu",
        "uzs",
        "wst",
        "xcd",
        "xcg",
        "yer",
        "zar",
        "zmw",
    ]
)
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | WHOLE_UNITS_ONLY | TWO_DECIMAL

MINIMUMS = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
LARGEST = 99_999_999

_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "brl": "R$", "krw": "₩"}


def decimals(currency: str) -> int:
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def formatted(amount: int, currency: str) -> str:
    """For people: 123450 usd is "$1,234.50", 500 jpy is "¥500", without a known symbol "1,234.50 CHF", less than zero "−$5.00"."""
    places = decimals(currency)
    figure = f"{Decimal(abs(amount)).scaleb(-places):,.{places}f}"
    symbol = _SYMBOLS.get(currency)
    minus = "−" if amount < 0 else ""
    return f"{minus}{symbol}{figure}" if symbol else f"{minus}{figure} {currency.upper()}"


def check_currency(currency: str, param: str = "currency") -> str:
    """Lower case; StripeError 400 for what Stripe doesn't know."""
    code = currency.lower()
    if code not in CURRENCIES:
        listed = ", ".join(sorted(CURRENCIES))
        raise invalid_request(
            f"Invalid currency: {code}. Stripe currently supports these currencies: {listed}", param=param
        )
    return code


def check_unit_amount(amount: int, currency: str, param: str) -> None:
    """What holds for every amount of a currency, large or small."""
    if amount < 0:
        raise invalid_request("Invalid non-negative integer", code="parameter_invalid_integer", param=param)
    if currency in THREE_DECIMAL and amount % 10:
        raise invalid_request(
            f"Invalid amount: {amount}. Amounts in {currency} must end in 0.",
            code="invalid_charge_amount",
            param=param,
        )
    if currency in WHOLE_UNITS_ONLY and amount % 100:
        raise invalid_request(
            f"Invalid amount: {amount}. Amounts in {currency} must be evenly divisible by 100.",
            code="invalid_charge_amount_no_decimal_compatible",
            param=param,
        )


def check_charge(amount: int, currency: str, param: str = "amount") -> None:
    """An amount somebody is to be charged. Where Stripe publishes no minimum, any positive amount passes."""
    check_unit_amount(amount, currency, param)
    least = MINIMUMS.get(currency, 1)
    if amount < least:
        raise invalid_request(
            f"Amount must be at least {formatted(least, currency)} {currency}",
            code="amount_too_small",
            param=param,
        )
    if amount > LARGEST:
        raise invalid_request(
            f"Amount must be no more than {formatted(LARGEST, currency)} {currency}",
            code="amount_too_large",
            param=param,
        )
