"""Numbers out of what people read."""

import re
from decimal import Decimal

from .client import Message

_POINTS = re.compile(r"([+−-]?[\d,]+(?:\.\d+)?) points?\b")
_SIGNED = re.compile(r"(?<![\d.])[+−-][\d,]+(?:\.\d+)?")


def named_points(text: str) -> Decimal:
    """The first number of points that the text names."""
    found = _POINTS.search(text)
    assert found is not None, f"no points in:\n{text}"
    return _number(found[1])


def signed_amounts(message: Message) -> set[Decimal]:
    """Every +1 or −1 in the text and on the buttons."""
    return {_number(found) for found in _SIGNED.findall(str(message))}


def _number(text: str) -> Decimal:
    return Decimal(text.replace("−", "-").replace(",", ""))
