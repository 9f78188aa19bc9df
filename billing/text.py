"""Text from outside: what a person or another system typed, made harmless to show."""

import unicodedata

from billing.errors import BadValueError, TooLongError

_JOINERS = "\u200c\u200d"
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Fillers and the empty Braille cell: letters and symbols to Unicode, nothing to the eye."""

NAME_LENGTH = 64
NOTE_LENGTH = 200


def clean(text: str, length: int = NAME_LENGTH) -> str:
    """One line without control, direction and other invisible characters, cut to `length` characters.

    For what nobody is there to type again: a name from Telegram, a search.
    """
    return _one_line(text)[:length].strip(" " + _JOINERS)


def whole(text: str, length: int = NAME_LENGTH) -> str:
    """The same, never cut. Raises TooLongError."""
    line = _one_line(text)
    if len(line) > length:
        raise TooLongError(text, length)
    return line


def required(text: str, field: str, length: int = NAME_LENGTH) -> str:
    """The same, never cut and never empty. Raises TooLongError, BadValueError of `field`."""
    line = whole(text, length)
    if not line:
        raise BadValueError(field, text)
    return line


def _one_line(text: str) -> str:
    """Joiners stay between other characters: emoji and several scripts are written with them."""
    kept = "".join(
        " " if char.isspace() or char in _BLANK else char
        for char in text
        if char.isspace()
        or char in _JOINERS
        or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    return " ".join(kept.split()).strip(" " + _JOINERS)
