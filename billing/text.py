"""Text from outside: what a person or another system typed, made harmless to show."""

import unicodedata

NAME_LENGTH = 64
NOTE_LENGTH = 200


def clean(text: str, length: int = NAME_LENGTH) -> str:
    """One line without control, direction and other invisible characters, at most `length` characters.

    Joiners stay: emoji and several scripts are written with them.
    """
    kept = "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace()
        or char in "\u200c\u200d"
        or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    return " ".join(kept.split())[:length].strip()
