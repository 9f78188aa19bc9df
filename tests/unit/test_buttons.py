"""What every button carries, and that whatever is stored by a name has words: read from the sources."""

import ast
import datetime as dt
import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from aiogram.filters.callback_data import CallbackData

import billing
import handlers
from billing import adjust, notices
from billing.access import DeskRole, Role
from billing.addons import MOST_UNITS
from billing.history import Row
from billing.ledger import Kind
from billing.money import CURRENCIES
from billing.usage import MOST_USED
from handlers.customer.phrases import posting_name
from handlers.partner.buttons import SEARCH_BYTES
from handlers.partner.history import what
from handlers.tongue import tongue

MOST_BYTES = 64
"""What Telegram carries in a button."""
COUNTED, DRAWN = 10**9, 2**63 - 1
"""Ids that are counted (workspaces, add-ons, packs, plans, postings), and those that are drawn (orders, people)."""
POINTS, MONEY = adjust.MOST, 99_999_999_99
CODE, ZONE = "x" * 24 + "_20", max(available_timezones(), key=len)

WIDEST: dict[str, object] = {
    **dict.fromkeys(("workspace", "addon", "addon_id", "pack_id", "plan", "plan_id", "id"), COUNTED),
    **dict.fromkeys(("number", "below"), COUNTED),
    **dict.fromkeys(("order", "person", "person_id", "request", "page"), DRAWN),
    **dict.fromkeys(("points", "price", "amount", "bonus", "quoted", "total"), -POINTS),
    **dict.fromkeys(("amount_minor", "left_minor", "cap", "due"), MONEY),
    **dict.fromkeys(("start", "end"), 23),
    "as_of": int(dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp()),
    "code": CODE,
    "currency": max(CURRENCIES, key=len),
    "day": "2026-12-31",
    "packs": 10_000,
    "place": 100,
    "role": max((role.code for role in (*Role, *DeskRole)), key=len),
    "text": "x" * SEARCH_BYTES,
    "topic": max((topic.value for topic in notices.Topic), key=len),
    "units": MOST_UNITS,
    "value": MOST_USED,
    "zone": ZONE,
}
"""By a field's name, the longest value it plausibly has; fields of few values name them in their type."""
OTHERS: dict[str, object] = {
    "About.page": "paysupport",
    # A mix whose button would be too long is not offered.
    "BuyMix.wanted": "1x1",
}
"""By button and field, where its name means something else."""


def _all_buttons(base: type[CallbackData] = CallbackData) -> Iterator[type[CallbackData]]:
    for found in base.__subclasses__():
        if found.__module__.startswith("handlers."):
            yield found
        yield from _all_buttons(found)


for module in pkgutil.walk_packages(handlers.__path__, "handlers."):
    importlib.import_module(module.name)
BUTTONS = sorted(set(_all_buttons()), key=lambda button: (button.__module__, button.__name__))


def test_every_prefix_is_one_buttons_alone() -> None:
    """Otherwise a tap opens whatever screen is asked first."""
    prefixes = Counter(button.__prefix__ for button in BUTTONS)

    assert len(BUTTONS) > 100
    assert [prefix for prefix, times in prefixes.items() if times > 1] == []


@pytest.mark.parametrize("button", BUTTONS, ids=lambda button: f"{button.__module__}.{button.__name__}")
def test_a_button_with_the_longest_values_fits(button: type[CallbackData]) -> None:
    """Telegram refuses a whole message for one button that is too long."""
    longest = {
        name: _longest(button, name, schema)
        for name, schema in button.model_json_schema().get("properties", {}).items()
    }

    packed = button.model_construct(None, **longest).pack()

    assert len(packed.encode()) <= MOST_BYTES, packed


def _longest(button: type[CallbackData], name: str, schema: dict[str, object]) -> object:
    if (other := OTHERS.get(f"{button.__name__}.{name}")) is not None:
        return other
    widest = WIDEST.get(name)
    match schema:
        case {"enum": [*values]}:
            return max(map(str, values), key=len)
        case {"const": value}:
            return value
        case {"type": "boolean"}:
            return True
        case {"type": "integer", "maximum": int(most)}:
            return most
        case {"type": "integer", "minimum": 0} if isinstance(widest, int):
            return abs(widest)
        case _:
            assert widest is not None, f"how long can {name} be?"
            return widest


# --- words ----------------------------------------------------------------------------------------------


def _trees(pattern: str) -> Iterator[ast.Module]:
    for path in sorted(Path(billing.__path__[0]).parent.glob(pattern)):
        yield ast.parse(path.read_text())


def _texts(node: ast.expr | None) -> set[str]:
    """The texts that an expression may be."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=body, orelse=other):
            return _texts(body) | _texts(other)
        case _:
            return set()


def test_every_kind_of_audit_entry_has_words() -> None:
    """R33: nobody at the desk reads a raw name."""
    recorded = {
        action
        for tree in _trees("billing/**/*.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record"
        for action in _texts(node.args[3])
    }
    worded = {
        text
        for tree in _trees("handlers/partner/audit*.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.MatchValue)
        for text in _texts(node.value)
    }

    assert len(recorded) > 30
    assert recorded - worded == set()


def _row(kind: Kind) -> Row:
    values: dict[str, object] = dict.fromkeys(Row.__dataclass_fields__)
    values |= {"kind": kind, "amount": -100, "addon": "Extra bot", "note": "why", "partner": "Northwind"}
    values |= {"units_before": 1, "units_after": 2, "number": 1, "balance": 0}
    return Row(**values)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_posting_has_words_for_the_customer_and_the_partner(kind: Kind) -> None:
    row = _row(kind)

    assert posting_name(tongue("en"), row)
    assert what(tongue("en"), row)
