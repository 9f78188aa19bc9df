"""Checks a call's names, types and lengths against the Bot API.

Names and types come from the installed aiogram's models, so the sandbox knows the Bot API version that the bot speaks.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from inspect import isclass
from typing import Any, get_args

from aiogram import methods
from aiogram.methods import TelegramMethod
from pydantic import BaseModel, ValidationError

from sandbox.telegram.body import Parameters
from sandbox.telegram.limits import LIMITS
from sandbox.telegram.refusal import QUERY_TOO_OLD, RefusalError, bad_request

_METHODS: dict[str, type[TelegramMethod[Any]]] = {
    model.__api_method__.lower(): model
    for model in (getattr(methods, name) for name in methods.__all__)
    if isclass(model) and issubclass(model, TelegramMethod) and model is not TelegramMethod
}

_MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "callback_query_id": QUERY_TOO_OLD,
    "document": "there is no document in the request",
    "photo": "there is no photo in the request",
}


@dataclass(frozen=True, slots=True)
class CheckedCall:
    """A call whose types hold. `unknown` are the paths of parameters that the Bot API doesn't have."""

    method: TelegramMethod[Any]
    unknown: list[str]


def api_name(method: str) -> str | None:
    """The method's name as the documentation writes it (names are taken in any case); None if there is none."""
    model = _METHODS.get(method.lower())
    return None if model is None else model.__api_method__


def check(method: str, parameters: Parameters) -> CheckedCall:
    """RefusalError if something required is missing, of a wrong type, or too short or long. `method` must exist."""
    model = _METHODS[method.lower()]
    values = {name: _decoded(model, name, value) for name, value in parameters.values.items()}
    for name in parameters.files:
        if name in model.model_fields:
            values.setdefault(name, f"attach://{name}")
    try:
        call = model.model_validate(values)
    except ValidationError as error:
        raise _refusal(error) from error
    for owner, name, value in _texts(call, model.__api_method__):
        limit = LIMITS.get((owner, name))
        if limit and limit.unit != "parsed characters" and not limit.allows(value):
            raise bad_request(limit.refusal)
    attached = {name for name in parameters.files if name not in model.model_fields}
    unknown = [name for name in _unknown(call, "") if name not in attached]
    return CheckedCall(call, unknown)


def _decoded(model: type[BaseModel], name: str, value: Any) -> Any:
    if not isinstance(value, str) or name not in _structured(model):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        what = name.replace("_", " ")
        raise bad_request(f"can't parse {what} JSON object") from error


@cache
def _structured(model: type[BaseModel]) -> frozenset[str]:
    """The fields that a form carries as JSON text: objects and lists."""
    return frozenset(
        name for name, info in model.model_fields.items() if any(map(_is_structure, _leaves(info.annotation)))
    )


def _is_structure(leaf: Any) -> bool:
    return isclass(leaf) and issubclass(leaf, BaseModel | list)


def _leaves(annotation: Any) -> Iterator[Any]:
    origin = getattr(annotation, "__origin__", None)
    if origin is list:
        yield list
        return
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _leaves(argument)


def _refusal(error: ValidationError) -> RefusalError:
    first = error.errors()[0]
    path = [str(step) for step in first["loc"]]
    if first["type"] == "missing" and len(path) == 1:
        return bad_request(_MISSING.get(path[0], f'parameter "{path[0]}" is required'))
    return bad_request(f"can't parse {'.'.join(path)}: {first['msg']}")


def _children(model: BaseModel) -> Iterator[tuple[str, Any]]:
    for name in model.model_fields_set & set(type(model).model_fields):
        yield name, getattr(model, name)


def _texts(value: Any, owner: str) -> Iterator[tuple[str, str, str]]:
    """(owner, field, text) of every text in the call; the owner is the method's or the type's name."""
    if isinstance(value, BaseModel):
        for name, child in _children(value):
            if isinstance(child, str):
                yield owner, name, child
            else:
                yield from _texts(child, type(child).__name__)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, type(item).__name__)


def _unknown(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        prefix = f"{path}." if path else ""
        for name in value.model_extra or {}:
            yield prefix + name
        for name, child in _children(value):
            yield from _unknown(child, prefix + name)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unknown(item, f"{path}[{number}]")
