"""Text with entities: what a message says once its markup has been read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiogram.types import MessageEntity

from sandbox.telegram.links import link_url
from sandbox.telegram.refusal import bad_request

_KINDS = frozenset(
    [
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "date_time",
    ]
)
_DETECTED = re.compile(
    r"(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?(?![\w/]))|(?P<url>https?://[^\s<>\"]+[^\s<>\".,:;!?)])"
)
_OPAQUE = frozenset({"code", "pre", "text_link", "url", "bot_command"})
TIME_FORMAT = re.compile(r"r|w?[dD]?[tT]?")


def utf16(text: str) -> int:
    """The length in UTF-16 units, in which entities are measured."""
    return len(text) + sum(ord(letter) > 0xFFFF for letter in text)


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of text, in UTF-16 units, with what its kind carries (url, language, unix_time …)."""

    kind: str
    offset: int
    length: int
    extra: tuple[tuple[str, Any], ...] = ()

    @property
    def end(self) -> int:
        return self.offset + self.length

    def as_json(self) -> dict[str, Any]:
        return {"type": self.kind, "offset": self.offset, "length": self.length, **dict(self.extra)}


@dataclass(frozen=True, slots=True)
class FormattedText:
    text: str
    entities: tuple[Entity, ...] = ()

    def entities_json(self) -> list[dict[str, Any]]:
        return [entity.as_json() for entity in self.entities]


def finished(text: str, entities: Iterable[Entity]) -> FormattedText:
    """As Telegram keeps it: blank ends cut off, entities clipped to what is left, commands and addresses found."""
    kept = text.strip()
    start = utf16(text[: len(text) - len(text.lstrip())])
    size = utf16(kept)
    clipped: list[Entity] = []
    for entity in entities:
        begin = max(entity.offset - start, 0)
        end = min(entity.end - start, size)
        if end > begin:
            clipped.append(Entity(entity.kind, begin, end - begin, entity.extra))
    taken = [entity for entity in clipped if entity.kind in _OPAQUE]
    for match in _DETECTED.finditer(kept):
        begin = utf16(kept[: match.start()])
        found = Entity(str(match.lastgroup), begin, utf16(match.group()))
        if not any(entity.offset < found.end and found.offset < entity.end for entity in taken):
            clipped.append(found)
    clipped.sort(key=lambda entity: (entity.offset, -entity.length))
    return FormattedText(kept, tuple(clipped))


def with_entities(text: str, entities: Iterable[MessageEntity]) -> FormattedText:
    """Text whose entities were given by hand; refuses unknown kinds and entities that reach outside of the text."""
    size = utf16(text)
    given: list[Entity] = []
    for entity in entities:
        if entity.type not in _KINDS:
            raise bad_request("can't parse MessageEntity: Unsupported type specified")
        if entity.offset < 0 or entity.length <= 0 or entity.offset + entity.length > size:
            raise bad_request("ENTITY_BOUNDS_INVALID")
        if entity.type == "date_time" and not TIME_FORMAT.fullmatch(entity.date_time_format or ""):
            raise bad_request("can't parse MessageEntity: Invalid date-time format specified")
        if entity.type == "text_link" and link_url(entity.url or "") is None:
            continue
        extra = entity.model_dump(exclude_none=True, exclude={"type", "offset", "length"})
        given.append(Entity(entity.type, entity.offset, entity.length, tuple(extra.items())))
    return finished(text, given)
