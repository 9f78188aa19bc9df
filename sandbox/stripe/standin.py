"""The whole of Stripe that the sandbox plays."""

from collections.abc import Sequence
from datetime import datetime

from aiohttp import web

from sandbox.calls import CallLog
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.hub import Hub
from sandbox.stripe.accounts import Account, Accounts, Obj, Server
from sandbox.stripe.api import Api
from sandbox.stripe.checkout_site import CheckoutSite
from sandbox.stripe.delivery import Deliveries
from sandbox.stripe.passing import catch_up
from sandbox.stripe.prices import seed_plans
from sandbox.stripe.sim import Simulation
from sandbox.stripe.spec import published_spec
from sandbox.stripe.webhook_endpoints import new_endpoint


class StripeStandIn:
    """Accounts, the API, the checkout page, webhooks, and what people and banks do with them.

    A callback in `on_return` hears of customers who come back from the checkout page by a t.me link.
    """

    def __init__(self, *, clock: SandboxClock, calls: CallLog, hub: Hub, faults: Faults) -> None:
        self.deliveries = Deliveries(hub)
        self._server = Server(clock, self.deliveries.publish)
        self.accounts = Accounts(self._server)
        self.spec = published_spec()
        """None if the published description isn't installed: then requests are checked by our own rules only."""
        self._api = Api(
            server=self._server, accounts=self.accounts, calls=calls, hub=hub, faults=faults, spec=self.spec
        )
        self._site = CheckoutSite(self._server, self.accounts, hub)
        self._simulation = Simulation(self._server, self.accounts, self.deliveries)
        self.on_return = self._simulation.on_return
        clock.on_turn(self._catch_up)

    @property
    def idle(self) -> bool:
        """Whether every event that isn't held back has been sent at least once."""
        return self.deliveries.idle

    def add_routes(self, app: web.Application) -> None:
        """/v1/*, /pay/* and /sim/stripe/*; the app's cleanup ends what is still being sent."""
        app.router.add_get("/pay/receipt/{id}", self._site.receipt)
        app.router.add_get("/pay/invoice/{id}", self._site.invoice)
        app.router.add_post("/pay/invoice/{id}", self._site.submit_invoice)
        app.router.add_get("/pay/{session}", self._site.show)
        app.router.add_post("/pay/{session}", self._site.submit)
        self._simulation.add_routes(app)
        app.router.add_route("*", "/v1/{path:.*}", self._api.answer)
        app.on_cleanup.append(self._cleanup)

    def register_webhook(
        self, url: str, secret: str, key: str, *, enabled_events: Sequence[str] = ("*",)
    ) -> Obj:
        """A webhook endpoint with a known secret for the account and mode of `key`."""
        account = self.accounts.of_key(key)
        return new_endpoint(account, url, secret=secret, enabled_events=enabled_events)

    def seed_plans(self, key: str, currency: str = "usd") -> None:
        """Three monthly prices for plans, under ids that can be typed (prices.PLANS)."""
        seed_plans(self.accounts.of_key(key), currency)

    def account(self, key: str) -> Account:
        return self.accounts.of_key(key)

    async def close(self) -> None:
        await self.deliveries.close()

    async def _cleanup(self, _: web.Application) -> None:
        await self.close()

    def _catch_up(self, _: datetime) -> None:
        for account in self.accounts:
            catch_up(account)
