"""Reads the parameters of a call, whichever of Telegram's four ways they came."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.multipart import BodyPartReader, MultipartReader

from sandbox.telegram.refusal import bad_request


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a call."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values as they came: text from forms and the query, anything JSON knows from a JSON body."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def as_log(self) -> dict[str, Any]:
        """What the call log shows: the values, and each file by name and size."""
        shown = dict(self.values)
        shown.update({name: f"{file.name}, {len(file.content)} bytes" for name, file in self.files.items()})
        return shown


async def read_request(request: web.Request) -> Parameters:
    """Query and body together; the body wins. Refuses a JSON body that isn't an object."""
    found = Parameters(dict(request.query))
    if request.content_type == "multipart/form-data":
        await _read_multipart(await request.multipart(), found)
    elif request.content_type == "application/json":
        found.values.update(_json_object(await request.text()))
    elif request.content_type == "application/x-www-form-urlencoded":
        found.values.update(
            {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        )
    return found


async def read_response(response: aiohttp.ClientResponse) -> Parameters:
    """The method call that a webhook's answer may carry; empty if it carries none."""
    found = Parameters()
    if response.content_type == "multipart/form-data":
        await _read_multipart(MultipartReader.from_response(response).stream, found)
    elif response.content_type == "application/json":
        text = await response.text()
        if text.strip() not in ("", "null"):
            found.values.update(_json_object(text))
    return found


async def _read_multipart(reader: MultipartReader, found: Parameters) -> None:
    async for part in reader:
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        content = bytes(await part.read(decode=True))
        if part.filename is None:
            found.values[part.name] = content.decode()
        else:
            content_type = part.headers.get("Content-Type", "application/octet-stream")
            found.files[part.name] = Upload(part.filename, content, content_type)


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise bad_request("can't parse JSON body") from error
    if not isinstance(data, dict):
        raise bad_request("JSON object expected as body")
    return data
