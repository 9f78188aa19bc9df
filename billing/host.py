"""The host platform behind one small protocol (R35)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be used of one limit in all (R20)."""

    code: str
    label: str
    value: int
    counted: bool = True
    """The host reports usage of it; otherwise it is only granted, like a timeout in seconds."""
    per_cycle: bool = False
    """Usage is counted from `Entitlements.counts_from` on."""


@dataclass(frozen=True, slots=True)
class Entitlements:
    """All that the host should grant a workspace now. A higher version replaces a lower one."""

    workspace_id: int
    name: str
    version: int
    paused: bool
    allowances: tuple[Allowance, ...]
    units: Mapping[str, int]
    """add-on label -> units"""
    features: tuple[str, ...] = ()
    """Named features that are switched on."""
    counts_from: dt.date | None = None
    """The first date of the running cycle, in the workspace's zone."""


class HostError(Exception):
    """The host did not take it or did not answer; it is tried again."""


class Host(Protocol):
    """A chatbot platform."""

    async def apply(self, entitlements: Entitlements) -> None:
        """Grant, pause or resume. Returning is the confirmation. Raises HostError."""
        ...

    async def read_usage(self, workspace_id: int) -> dict[str, int] | None:
        """Usage by limit code, or None where the host can't say. Raises HostError."""
        ...


class NoHost:
    """No platform is connected: the partner reports usage by hand, and what is sold counts as delivered."""

    async def apply(self, entitlements: Entitlements) -> None:
        """Nothing to tell."""

    async def read_usage(self, workspace_id: int) -> dict[str, int] | None:
        del workspace_id
        return None
