"""What handlers are given: built once by bot/, passed as one argument."""

from collections.abc import Callable
from dataclasses import dataclass

from billing.checkout import Checkout
from billing.clock import Clock
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Services:
    """The process's tools. `wake` tells the outbox's sender that something may be due."""

    db: Database
    clock: Clock
    checkout: Checkout
    bot_id: int
    bot_username: str
    wake: Callable[[], None]

    def start_link(self, payload: str) -> str:
        """A link that opens this bot with a /start payload of at most 64 characters."""
        return f"https://t.me/{self.bot_username}?start={payload}"
