"""What handlers are given: built once by bot/, passed as one argument."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from billing.automatic.charging import AutomaticTopUps
from billing.checkout import Checkout
from billing.clock import Clock
from billing.plans.subscriptions import Subscriptions
from billing.refunds import Refunds
from billing.usage import Asked
from storage.database import Database


async def nobody_to_tell() -> None:
    """Where what is sold counts as delivered at once."""


async def nobody_to_ask(_: int) -> Asked:
    """Where no host platform can say what is used."""
    return "unable"


@dataclass(frozen=True, slots=True)
class Services:
    """The process's tools. `wake` tells the outbox's sender that something may be due.

    `tell_host` tells the host platform what was sold; it takes a second at most, and what isn't confirmed by
    then is told again later. `ask_usage` asks it what a workspace uses, and takes the answer as a report (R20).
    """

    db: Database
    clock: Clock
    checkout: Checkout
    automatic: AutomaticTopUps
    subscriptions: Subscriptions
    refunds: Refunds
    bot_id: int
    bot_username: str
    wake: Callable[[], None]
    tell_host: Callable[[], Awaitable[None]] = nobody_to_tell
    ask_usage: Callable[[int], Awaitable[Asked]] = nobody_to_ask

    def start_link(self, payload: str) -> str:
        """A link that opens this bot with a /start payload of at most 64 characters."""
        return f"https://t.me/{self.bot_username}?start={payload}"
