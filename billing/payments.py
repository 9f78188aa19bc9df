"""What every flow of payments works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from billing.clock import Clock
from billing.errors import PaymentsDownError
from billing.gateway import Gateway
from storage.database import Database


def nobody_to_wake() -> None:
    """Where nothing is sent by the outbox."""


@dataclass(frozen=True, slots=True)
class Payments:
    """The partners' gateways and what a flow needs beside them. `wake`: something may be in the outbox."""

    db: Database
    gateways: Mapping[int, Gateway]
    clock: Clock
    bot_id: int
    start_link: Callable[[str], str]
    """A link that opens the bot with a /start payload of at most 64 characters."""
    wake: Callable[[], None] = nobody_to_wake
    looked: set[int] = field(default_factory=set)
    """Partners for whom this process has seen how old the database is beside Stripe (billing.restored)."""

    def gateway(self, partner_id: int) -> Gateway:
        """The partner's gateway. Raises PaymentsDownError while none is connected."""
        found = self.gateways.get(partner_id)
        if found is None:
            raise PaymentsDownError
        return found
