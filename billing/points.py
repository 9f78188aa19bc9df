"""Points as integers (R1), and the reading of amounts the way people type them.

A point amount is an ``int`` of hundredths everywhere: 1450 is 14.50 points. No float ever touches it.
"""

import re
import unicodedata
from decimal import Decimal
from typing import TypeAlias

Points: TypeAlias = int
"""Hundredths of a point."""

HUNDREDTHS = 100
MOST_POINTS: Points = 1_000_000_000 * HUNDREDTHS
"""The largest amount that may be typed: a thousand million points."""

_LONGEST_TEXT = 48
_INVISIBLE = re.compile("[\u200b-\u200f\u061c\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_MINUS = "-\u2212\u2013\ufe63\uff0d"
_PLUS = "+\uff0b"
_SPACES = " \u00a0\u2007\u2008\u2009\u202f"
_ALIKE = str.maketrans(
    {
        **dict.fromkeys(_SPACES, " "),
        "\u2019": "'",
        "\uff0e": ".",
        "\uff0c": ",",
        "\u060c": ",",
    }
)
_ARABIC_DECIMAL = "\u066b"
_GROUP_MARKS = " '.,\u066c"
_DIGITS = re.compile(r"[0-9]+")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:x[0-9]{3})+")
_LAKHS = re.compile(r"[1-9][0-9]?(?:x[0-9]{2})+x[0-9]{3}")


class AmountFormatError(ValueError):
    """Text that is not an amount. ``key`` names the sentence that tells the person why:

    ``amount-empty``, ``amount-not-a-number``, ``amount-decimals`` (more than the unit has),
    ``amount-ambiguous`` (1.000 could be one or a thousand) or ``amount-too-large``.
    """

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text[:_LONGEST_TEXT]!r}")
        self.key = key


class PointsFormatError(AmountFormatError):
    """Text that is not an amount of points."""


def parse_points(text: str, *, decimal: str = ".", group: str = ",") -> Points:
    """Hundredths from what a person typed: "15", "1.5", "1,5", "+50", "−20", "1 000", "٣".

    ``decimal`` and ``group`` are the separators of the person's language. They decide only where the text
    itself doesn't: three digits after a single group separator are thousands, after a single decimal
    separator they are refused as ambiguous. Raises PointsFormatError.
    """
    try:
        return parse_scaled(text, places=2, most=MOST_POINTS, decimal=decimal, group=group)
    except AmountFormatError as refusal:
        raise PointsFormatError(refusal.key, text) from None


def as_decimal(points: Points) -> Decimal:
    """The number to show, with the decimals it needs and no more: 1500 -> 15, 1450 -> 14.5."""
    whole, hundredths = divmod(abs(points), HUNDREDTHS)
    digits = f"{whole}.{hundredths:02d}".rstrip("0").rstrip(".")
    return Decimal(f"-{digits}" if points < 0 else digits)


def round_half_up(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` to the nearest integer, a half away from zero.

    Away from zero, not towards infinity, so that taking something back rounds to exactly what giving it
    did. ``denominator`` is positive.
    """
    if denominator <= 0:
        raise ValueError(f"a positive denominator is needed, not {denominator}")
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -magnitude if numerator < 0 else magnitude


def parse_scaled(text: str, *, places: int, most: int, decimal: str = ".", group: str = ",") -> int:
    """A typed decimal number as an integer of 10**-places; ``most`` bounds its magnitude.

    Digits of any script, a sign in front, and spaces, apostrophes, dots and commas as separators are read.
    Raises AmountFormatError.
    """
    plain = _INVISIBLE.sub("", text).translate(_ALIKE).strip()
    if not plain:
        raise AmountFormatError("amount-empty", text)
    if len(plain) > _LONGEST_TEXT:
        raise AmountFormatError("amount-not-a-number", text)
    negative = plain[0] in _MINUS
    if negative or plain[0] in _PLUS:
        plain = plain[1:].lstrip()
    plain = "".join(str(unicodedata.decimal(char, char)) for char in plain)

    mark = _decimal_mark(plain, places, decimal, group)
    head, _, fraction = plain.partition(mark) if mark else (plain, "", "")
    whole = "0" if mark and not head else _ungroup(head)
    if whole is None or (mark and not _DIGITS.fullmatch(fraction)):
        raise AmountFormatError("amount-not-a-number", text)
    if len(fraction) > places:
        raise AmountFormatError("amount-decimals", text)
    magnitude = int(whole + fraction.ljust(places, "0"))
    if magnitude > most:
        raise AmountFormatError("amount-too-large", text)
    return -magnitude if negative else magnitude


def _decimal_mark(plain: str, places: int, decimal: str, group: str) -> str | None:
    """Which of the separators is the decimal one, or None if there is none."""
    if _ARABIC_DECIMAL in plain:
        return _ARABIC_DECIMAL
    marks = [char for char in plain if char in ".,"]
    if not marks:
        return None
    last = marks[-1]
    if len(marks) > 1:
        return last if marks.count(last) == 1 else None
    if not _THOUSANDS.fullmatch(plain.replace(last, "x")):
        return last
    if last == group:
        return None
    if places >= 3 and last == decimal:
        return last
    raise AmountFormatError("amount-ambiguous", plain)


def _ungroup(head: str) -> str | None:
    """The digits of a whole number, its groups joined, or None if they make no sense."""
    if _DIGITS.fullmatch(head):
        return head
    for separator in _GROUP_MARKS:
        grouped = head.replace(separator, "x")
        if _THOUSANDS.fullmatch(grouped) or _LAKHS.fullmatch(grouped):
            return grouped.replace("x", "")
    return None
