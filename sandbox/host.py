"""A stand-in for the chatbot platform whose workspaces use up limits."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.calls import CallLog
from sandbox.hub import Hub

UsageListener = Callable[[int, str, int], Awaitable[None]]


@dataclass(slots=True)
class Limit:
    """What a workspace has used of one limit, and what it may use."""

    label: str
    allowance: int
    used: int = 0


@dataclass(slots=True)
class HostWorkspace:
    id: int
    name: str
    limits: dict[str, Limit] = field(default_factory=dict)
    paused: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "paused": self.paused,
            "limits": [
                {"code": code, "label": limit.label, "used": limit.used, "allowance": limit.allowance}
                for code, limit in self.limits.items()
            ],
        }


class HostPlatform:
    """Workspaces by id. KeyError speaks of a workspace or limit that was never registered."""

    def __init__(self, calls: CallLog, hub: Hub) -> None:
        self._calls = calls
        self._hub = hub
        self._workspaces: dict[int, HostWorkspace] = {}
        self.on_usage: list[UsageListener] = []

    def register(self, workspace: int, name: str, limits: Mapping[str, Mapping[str, Any]]) -> HostWorkspace:
        """Adds a workspace or brings its name and allowances up to date; usage and pause stay.

        `limits` is {code: {"label": str, "allowance": int}}; a limit that is left out is forgotten.
        """
        known = self._workspaces.get(workspace)
        used = {code: limit.used for code, limit in known.limits.items()} if known else {}
        fresh = HostWorkspace(
            id=workspace,
            name=name,
            limits={
                code: Limit(str(limit["label"]), int(limit["allowance"]), used.get(code, 0))
                for code, limit in limits.items()
            },
            paused=known.paused if known else False,
        )
        self._workspaces[workspace] = fresh
        self._hub.publish("host", workspace=workspace)
        return fresh

    def workspaces(self) -> list[HostWorkspace]:
        return [self._workspaces[number] for number in sorted(self._workspaces)]

    def usage(self, workspace: int) -> dict[str, int]:
        """{limit code: used}."""
        return {code: limit.used for code, limit in self._workspace(workspace).limits.items()}

    async def set_usage(self, workspace: int, limit: str, value: int) -> None:
        """Sets what is used of a limit and awaits every `on_usage` listener with (workspace, limit, value)."""
        if value < 0:
            raise ValueError("usage can't be negative")
        limits = self._workspace(workspace).limits
        if limit not in limits:
            raise KeyError(f"workspace {workspace} has no limit {limit}")
        limits[limit].used = value
        self._hub.publish("host", workspace=workspace)
        for listener in self.on_usage:
            await listener(workspace, limit, value)

    def pause(self, workspace: int) -> None:
        self._set_paused(workspace, paused=True)

    def resume(self, workspace: int) -> None:
        self._set_paused(workspace, paused=False)

    def is_paused(self, workspace: int) -> bool:
        return self._workspace(workspace).paused

    def _set_paused(self, workspace: int, *, paused: bool) -> None:
        self._workspace(workspace).paused = paused
        self._calls.record("host", "pause" if paused else "resume", {"workspace": workspace}, 200)
        self._hub.publish("host", workspace=workspace)

    def _workspace(self, workspace: int) -> HostWorkspace:
        if workspace not in self._workspaces:
            raise KeyError(f"no workspace {workspace}")
        return self._workspaces[workspace]
