"""Failures that are ordered in advance: the next calls of a method fail the way networks and servers fail."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from aiohttp import web

FaultKind = Literal["429", "500", "lost", "drop", "hang", "truncated"]


@dataclass(slots=True)
class Fault:
    """`times` more calls of `api`'s `method` ("*": any) fail as `kind` says.

    Only calls are meant of which a parameter contains `containing`; an empty one means them all.

    429 and 500 are answered before any effect; `drop` cuts the connection before any effect; `hang` does so
    after `seconds`; `lost` lets the effect happen and cuts the connection instead of answering; `truncated` lets it
    happen and sends half the answer.
    """

    api: str
    method: str
    kind: FaultKind
    times: int = 1
    retry_after: int = 1
    seconds: float = 30.0
    containing: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Fault":
        """ValueError or KeyError if the description is unusable."""
        kind = str(data["kind"])
        if kind not in get_args(FaultKind):
            raise ValueError(f"kind must be one of {', '.join(get_args(FaultKind))}")
        times = int(data.get("times", 1))
        if times < 1:
            raise ValueError("times must be at least 1")
        return cls(
            api=str(data["api"]),
            method=str(data.get("method", "*")),
            kind=cast("FaultKind", kind),
            times=times,
            retry_after=int(data.get("retry_after", 1)),
            seconds=float(data.get("seconds", 30)),
            containing=str(data.get("containing", "")),
        )

    def meets(self, api: str, method: str, values: Iterable[object]) -> bool:
        """Whether this call, with these values of its parameters, is one that is to fail."""
        return (
            self.api == api
            and self.method in ("*", method)
            and (not self.containing or any(self.containing in str(value) for value in values))
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "api": self.api,
            "method": self.method,
            "kind": self.kind,
            "times": self.times,
            "retry_after": self.retry_after,
            "seconds": self.seconds,
            "containing": self.containing,
        }


class Faults:
    """Ordered failures, used up in the order in which they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def pending(self) -> list[Fault]:
        return list(self._faults)

    def take(self, api: str, method: str, values: Iterable[object]) -> Fault | None:
        """The fault that this call meets, counted down; None if the call is to succeed."""
        for fault in self._faults:
            if fault.meets(api, method, values):
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None


def cut(request: web.Request) -> web.Response:
    """Cuts the connection. What it returns is never sent; it is there for the handler to return."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


async def hang(request: web.Request, fault: Fault) -> web.Response:
    """Holds the call for the fault's seconds, then cuts the connection."""
    await asyncio.sleep(fault.seconds)
    return cut(request)


async def truncated(request: web.Request, status: int, body: bytes, content_type: str) -> web.StreamResponse:
    """Promises the whole body, sends half of it and closes the connection."""
    response = web.StreamResponse(status=status)
    response.content_type = content_type
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
