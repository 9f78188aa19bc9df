"""Stripe's form encoding: `metadata[order]=7&expand[]=customer&line_items[0][quantity]=1` as nested values."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from sandbox.stripe.errors import invalid_request

Value = str | list[Any] | dict[str, Any]

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_KEY = re.compile(r"\[([^\[\]]*)\]")


def decode(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested strings, lists and dicts. Numbered keys (`a[0]`) and `a[]` become lists; StripeError 400 if a name is malformed."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        match = _NAME.fullmatch(name)
        if match is None:
            raise invalid_request(f"Invalid parameter name: {name}", param=name)
        path = [match[1], *_KEY.findall(match[2])]
        _place(root, path, value, name)
    return {key: _with_lists(value) for key, value in root.items()}


def _place(root: dict[str, Any], path: list[str], value: str, name: str) -> None:
    level = root
    for key, following in pairwise(path):
        step = key or str(len(level))
        inner = level.setdefault(step, {})
        if not isinstance(inner, dict):
            raise invalid_request(
                f"Invalid {following or 'array'}: {name} mixes a value and a hash", param=name
            )
        level = inner
    last = path[-1] or str(len(level))
    if isinstance(level.get(last), dict):
        raise invalid_request(f"Invalid hash: {name} mixes a value and a hash", param=name)
    level[last] = value


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _with_lists(item) for key, item in value.items()}
    if inner and list(inner) == [str(number) for number in range(len(inner))]:
        return list(inner.values())
    return inner
