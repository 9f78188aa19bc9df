"""The sandbox as a whole."""

from dataclasses import dataclass

from sandbox.calls import CallLog
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.host import HostPlatform
from sandbox.hub import Hub
from sandbox.passing_year import PassingYear
from sandbox.stripe import StripeStandIn
from sandbox.telegram import Backoff, TelegramStandIn


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A local Telegram, Stripe and host platform that share one clock, one call log and one list of faults."""

    clock: SandboxClock
    calls: CallLog
    hub: Hub
    faults: Faults
    telegram: TelegramStandIn
    stripe: StripeStandIn
    host: HostPlatform
    year: PassingYear

    @classmethod
    def create(
        cls,
        *,
        clock: SandboxClock | None = None,
        bot_username: str = "addondesk_demo_bot",
        bot_name: str = "Addondesk",
        query_lifetime: float = 15.0,
        backoff: Backoff | None = None,
    ) -> "Sandbox":
        """`query_lifetime` in real seconds: how long a callback query may wait. `backoff`: a failing webhook's pauses."""
        clock = clock or SandboxClock()
        hub = Hub()
        calls = CallLog(clock, hub)
        faults = Faults()
        clock.on_turn(lambda now: hub.publish("clock", now=now.isoformat()))
        telegram = TelegramStandIn(
            clock=clock,
            calls=calls,
            hub=hub,
            faults=faults,
            bot_username=bot_username,
            bot_name=bot_name,
            query_lifetime=query_lifetime,
            backoff=backoff,
        )
        stripe = StripeStandIn(clock=clock, calls=calls, hub=hub, faults=faults)
        host = HostPlatform(calls, hub)
        return cls(clock, calls, hub, faults, telegram, stripe, host, PassingYear(clock))
