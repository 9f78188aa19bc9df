"""Reads parse_mode HTML the way Telegram does, and refuses it in Telegram's words."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.telegram.formatted import TIME_FORMAT, Entity, FormattedText, finished, utf16
from sandbox.telegram.links import link_url
from sandbox.telegram.refusal import RefusalError, bad_request

_PLAIN_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "pre": "pre",
    "code": "code",
}
_TAGS = frozenset({*_PLAIN_KINDS, "a", "tg-emoji", "tg-time", "blockquote"})
_SPACE = " \t\r\n\0\v"
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot));?")
_TOKEN = re.compile(r"[A-Za-z0-9.\-]*")


@dataclass(slots=True)
class _Open:
    tag: str
    attributes: dict[str, str]
    offset: int
    start: int


def parse_html(source: str) -> FormattedText:
    """Text and entities; RefusalError "can't parse entities: …" with the byte offset of what is wrong."""
    return _Parser(source).parse()


@dataclass(slots=True)
class _Parser:
    source: str
    at: int = 0
    text: list[str] = field(default_factory=list)
    offset: int = 0
    nested: list[_Open] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def parse(self) -> FormattedText:
        while self.at < len(self.source):
            letter = self.source[self.at]
            if letter == "<":
                if self.source.startswith("</", self.at):
                    self._end_tag()
                else:
                    self._start_tag()
            else:
                self._put(self._character())
        if self.nested:
            raise _cant_parse(f'Can\'t find end tag corresponding to start tag "{self.nested[-1].tag}"')
        return finished("".join(self.text), self.entities)

    def _put(self, letter: str) -> None:
        self.text.append(letter)
        self.offset += utf16(letter)

    def _character(self) -> str:
        """The next letter, a reference decoded; a bare & stays what it is."""
        match = _REFERENCE.match(self.source, self.at)
        letter = _decoded(match) if match else None
        if match is None or letter is None:
            self.at += 1
            return self.source[self.at - 1]
        self.at = match.end()
        return letter

    def _bytes_before(self, position: int) -> int:
        return len(self.source[:position].encode())

    def _skip(self, stop: Callable[[str], bool]) -> str:
        begin = self.at
        while self.at < len(self.source) and not stop(self.source[self.at]):
            self.at += 1
        return self.source[begin : self.at]

    def _skip_space(self) -> None:
        self._skip(lambda letter: letter not in _SPACE)

    def _peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def _start_tag(self) -> None:
        begin = self._bytes_before(self.at)
        self.at += 1
        tag = self._skip(lambda letter: letter in _SPACE or letter == ">").lower()
        if not self._peek():
            raise _cant_parse(f"Unclosed start tag at byte offset {begin}")
        if tag not in _TAGS:
            raise _cant_parse(f'Unsupported start tag "{tag}" at byte offset {begin}')
        attributes: dict[str, str] = {}
        while True:
            self._skip_space()
            if self._peek() == ">":
                break
            name = self._skip(lambda letter: letter in _SPACE or letter in "=>").lower()
            if not name and self._peek():
                raise _cant_parse(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
            self._skip_space()
            attributes[name] = ""
            if self._peek() == "=":
                self.at += 1
                self._skip_space()
                attributes[name] = self._attribute_value()
            if not self._peek():
                raise _cant_parse(f'Unclosed start tag "{tag}" at byte offset {begin}')
        self.at += 1
        self._check(tag, attributes, begin)
        self.nested.append(_Open(tag, attributes, self.offset, len(self.text)))

    def _attribute_value(self) -> str:
        quote = self._peek()
        if quote in ("'", '"') and quote:
            self.at += 1
            value: list[str] = []
            while self._peek() and self._peek() != quote:
                value.append(self._character())
            self.at += 1
            return "".join(value)
        begin = self.at
        match = _TOKEN.match(self.source, self.at)
        self.at = match.end() if match else self.at
        if self._peek() and self._peek() not in _SPACE and self._peek() != ">":
            raise _cant_parse(f"Unexpected end of name token at byte offset {self._bytes_before(begin)}")
        return self.source[begin : self.at].lower()

    @staticmethod
    def _check(tag: str, attributes: dict[str, str], begin: int) -> None:
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _cant_parse(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        if tag == "tg-emoji" and not attributes.get("emoji-id", "").isdigit():
            raise _cant_parse("Invalid custom emoji identifier specified")
        if tag == "tg-time":
            if not re.fullmatch(r"-?\d{1,12}", attributes.get("unix", "")):
                raise _cant_parse(f'Tag "tg-time" must have a valid attribute "unix" at byte offset {begin}')
            if not TIME_FORMAT.fullmatch(attributes.get("format", "")):
                raise _cant_parse(f'Tag "tg-time" has an invalid attribute "format" at byte offset {begin}')

    def _end_tag(self) -> None:
        begin = self._bytes_before(self.at)
        if not self.nested:
            raise _cant_parse(f"Unexpected end tag at byte offset {begin}")
        self.at += 2
        found = self._skip(lambda letter: letter in _SPACE or letter == ">").lower()
        self._skip_space()
        if self._peek() != ">":
            raise _cant_parse(f"Unclosed end tag at byte offset {begin}")
        self.at += 1
        opened = self.nested.pop()
        if found and found != opened.tag:
            raise _cant_parse(
                f'Unmatched end tag at byte offset {begin}, expected "</{opened.tag}>", found "</{found}>"'
            )
        if self.offset > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        length = self.offset - opened.offset
        attributes = opened.attributes
        kind = _PLAIN_KINDS.get(opened.tag, "")
        extra: dict[str, str | int] = {}
        if opened.tag == "a":
            url = link_url(attributes.get("href") or "".join(self.text[opened.start :]))
            if url is None:
                return
            kind, extra = "text_link", {"url": url}
        elif opened.tag == "blockquote":
            kind = "expandable_blockquote" if "expandable" in attributes else "blockquote"
        elif opened.tag == "tg-emoji":
            kind, extra = "custom_emoji", {"custom_emoji_id": attributes["emoji-id"]}
        elif opened.tag == "tg-time":
            kind, extra = "date_time", {"unix_time": int(attributes["unix"])}
            if attributes.get("format"):
                extra["date_time_format"] = attributes["format"]
        elif opened.tag == "code" and self.nested and self.nested[-1].tag == "pre":
            language = attributes.get("class", "").removeprefix("language-")
            self.nested[-1].attributes.setdefault("language", language)
            return
        elif opened.tag == "pre" and attributes.get("language"):
            extra = {"language": attributes["language"]}
        self.entities.append(Entity(kind, opened.offset, length, tuple(extra.items())))


def _decoded(reference: re.Match[str]) -> str | None:
    hexadecimal, decimal, name = reference.groups()
    if name:
        return _NAMED[name]
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code <= 0xDFFF else None


def _cant_parse(reason: str) -> RefusalError:
    return bad_request(f"can't parse entities: {reason}")
