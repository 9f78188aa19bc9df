"""What handlers are given: built once by bot/, passed as one argument."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from billing.checkout import Checkout
from billing.clock import Clock
from storage.database import Database


async def nobody_to_tell() -> None:
    """Where what is sold counts as delivered at once."""


@dataclass(frozen=True, slots=True)
class Services:
    """The process's tools. `wake` tells the outbox's sender that something may be due.

    `tell_host` tells the host platform what was sold; it takes a second at most, and what isn't confirmed by
    then is told again later.
    """

    db: Database
    clock: Clock
    checkout: Checkout
    bot_id: int
    bot_username: str
    wake: Callable[[], None]
    tell_host: Callable[[], Awaitable[None]] = nobody_to_tell

    def start_link(self, payload: str) -> str:
        """A link that opens this bot with a /start payload of at most 64 characters."""
        return f"https://t.me/{self.bot_username}?start={payload}"
