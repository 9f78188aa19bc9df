"""Typed reading of decoded parameters; a wrong value is refused the way Stripe refuses it."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.stripe.errors import invalid_request, missing

_INTEGER = re.compile(r"-?\d{1,18}")
_METADATA_KEYS = 50
_METADATA_KEY_LENGTH = 40
_METADATA_VALUE_LENGTH = 500


class Params:
    """A hash of parameters. `prefix` is its own name, so that errors name `payment_intent_data[description]`."""

    def __init__(self, values: Mapping[str, Any], prefix: str = "") -> None:
        self.values = values
        self.prefix = prefix

    def name(self, key: str) -> str:
        return f"{self.prefix}[{key}]" if self.prefix else key

    def has(self, key: str) -> bool:
        return key in self.values

    def text(self, key: str, *, longest: int = 5000) -> str | None:
        """None if absent or empty (Stripe's way to unset)."""
        value = self.values.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise invalid_request(f"Invalid string: {value}", param=self.name(key))
        if len(value) > longest:
            shown = f"{value[:5]}...{value[-5:]}"
            raise invalid_request(
                f"Invalid string: {shown}; must be at most {longest} characters", param=self.name(key)
            )
        return value

    def required_text(self, key: str) -> str:
        value = self.text(key)
        if value is None:
            raise missing(self.name(key))
        return value

    def integer(self, key: str) -> int | None:
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or _INTEGER.fullmatch(value) is None:
            raise invalid_request(
                f"Invalid integer: {value}", code="parameter_invalid_integer", param=self.name(key)
            )
        return int(value)

    def required_integer(self, key: str) -> int:
        value = self.integer(key)
        if value is None:
            raise missing(self.name(key))
        return value

    def boolean(self, key: str, *, default: bool = False) -> bool:
        value = self.values.get(key)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise invalid_request(f"Invalid boolean: {value}", param=self.name(key))
        return bool(value == "true")

    def choice(self, key: str, allowed: Collection[str]) -> str | None:
        value = self.text(key)
        if value is not None and value not in allowed:
            options = sorted(allowed)
            listed = f"{', '.join(options[:-1])}, or {options[-1]}" if len(options) > 1 else options[0]
            raise invalid_request(f"Invalid {self.name(key)}: must be one of {listed}", param=self.name(key))
        return value

    def strings(self, key: str) -> list[str] | None:
        value = self.values.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise invalid_request("Invalid array", param=self.name(key))
        return list(value)

    def group(self, key: str) -> "Params":
        """The inner hash; an empty one if it is absent."""
        value = self.values.get(key)
        if value is None or value == "":
            return Params({}, self.name(key))
        if not isinstance(value, Mapping):
            raise invalid_request("Invalid object", param=self.name(key))
        return Params(value, self.name(key))

    def groups(self, key: str) -> list["Params"]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            raise invalid_request("Invalid array", param=self.name(key))
        return [Params(item, f"{self.name(key)}[{number}]") for number, item in enumerate(value)]

    def url(self, key: str) -> str | None:
        value = self.text(key)
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise invalid_request("Not a valid URL", code="url_invalid", param=self.name(key))
        return value

    def metadata(self, key: str = "metadata", before: Mapping[str, str] | None = None) -> dict[str, str]:
        """`before` with the given keys set, emptied ones removed; Stripe's limits are 50 keys of 40 and 500 characters."""
        given = self.values.get(key)
        merged = dict(before or {})
        if given == "":
            return {}
        if given is None:
            return merged
        if not isinstance(given, Mapping):
            raise invalid_request("Invalid object", param=self.name(key))
        for name, value in given.items():
            where = f"{self.name(key)}[{name}]"
            if len(name) > _METADATA_KEY_LENGTH:
                raise invalid_request(
                    f"Metadata keys can have up to {_METADATA_KEY_LENGTH} characters. "
                    f"You passed in a key with {len(name)} characters. Invalid key: {name}",
                    param=self.name(key),
                )
            if not isinstance(value, str):
                raise invalid_request("Metadata values must be strings", param=where)
            if len(value) > _METADATA_VALUE_LENGTH:
                raise invalid_request(
                    f"Metadata values can have up to {_METADATA_VALUE_LENGTH} characters, but you passed in a "
                    f"value that is {len(value)} characters. Invalid value: {value}",
                    param=where,
                )
            if value:
                merged[name] = value
            else:
                merged.pop(name, None)
        if len(merged) > _METADATA_KEYS:
            raise invalid_request(
                f"Metadata can have up to {_METADATA_KEYS} keys. You passed in {len(merged)} keys.",
                param=self.name(key),
            )
        return merged
