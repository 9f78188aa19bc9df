"""Which function answers which request of the API."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.params import Params

_SEGMENT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """An authenticated request: whose it is, its decoded parameters, the ids out of its path."""

    account: Account
    params: Params
    ids: Mapping[str, str]
    path: str

    @property
    def now(self) -> int:
        return self.account.server.now()


Handler = Callable[[ApiRequest], Obj]


@dataclass(frozen=True, slots=True)
class Route:
    """`template` is Stripe's own path, like /v1/payment_intents/{intent}/confirm."""

    method: str
    template: str
    answer: Handler

    @property
    def label(self) -> str:
        """How the call log and the faults name it: "POST /v1/payment_intents/{intent}/confirm"."""
        return f"{self.method} {self.template}"


class Router:
    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [
            (re.compile(_SEGMENT.sub(r"(?P<\1>[^/]+)", route.template)), route) for route in routes
        ]

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and the ids out of the path. Fixed paths stand before those with ids in the list of routes."""
        for pattern, route in self._routes:
            found = pattern.fullmatch(path) if route.method == method else None
            if found is not None:
                return route, found.groupdict()
        return None
