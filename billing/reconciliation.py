"""Everything at Stripe since an instant, brought to the books: what webhooks and pollers lost, or a restored backup."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from billing import customers, orders, restored, reversals
from billing.automatic import cards
from billing.automatic.charging import AutomaticTopUps
from billing.call import Call
from billing.gateway import PaymentFacts, SessionFacts, SubscriptionFacts, metadata_number
from billing.marks import is_marked
from billing.payments import Payments
from billing.plans.subscriptions import Subscriptions
from billing.refunds import Refunds
from billing.reversals import Outcome
from billing.settling import settle_payment
from storage import automatic as card_rows
from storage import orders as rows
from storage import subscriptions as plan_rows
from storage.models import OrderStatus

log = structlog.get_logger()

Progress = Callable[[int, int], None]
"""How many of how many were looked at; the whole may grow on the way."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a look at everything since an instant found."""

    payments: int
    """Completed pages and charges without one."""
    credited: int
    """Payments on a page that were credited now."""
    automatic: int
    """Charges of saved cards that were credited now."""
    reversed: int
    """Payments whose refunds or disputes were applied now."""
    foreign: int
    """Payments that are none of this bot's."""
    customers: int = 0
    """Customer objects that are known again."""
    cards: int = 0
    """Saved cards that are known again."""
    plans: int = 0
    """Subscriptions that are known again."""
    pages: int = 0
    """Pages, open ones, that are looked after again."""
    lost: tuple[int, ...] = ()
    """Numbers of workspaces that something at Stripe is for and that this database doesn't have."""

    @property
    def found_any(self) -> bool:
        """Whether anything was missing."""
        found = (
            self.credited,
            self.automatic,
            self.reversed,
            self.customers,
            self.cards,
            self.plans,
            self.pages,
        )
        return any(found) or bool(self.lost)


def nobody_watches(_done: int, _total: int) -> None:
    """Where no progress is shown."""


async def reconcile(
    payments: Payments, partner_id: int, since: dt.datetime, progress: Progress = nobody_watches
) -> Reconciled:
    """Bring back every payment, card and plan since, then apply what went back. Again, it changes nothing.

    Looks further back where the database is behind since longer than that, and is not behind when it has ended wholly.
    Raises GatewayError, PaymentsDownError.
    """
    began = payments.clock.now()
    await restored.look(payments, partner_id)
    behind = await payments.db.read(restored.behind_since, partner_id)
    found = await _Run(payments, partner_id, progress).since(min(since, behind or since))
    await payments.db.write(restored.caught_up, partner_id, began)
    payments.wake()
    return found


@dataclass(slots=True)
class _Run:
    """One look, and what it has found so far."""

    payments: Payments
    partner_id: int
    progress: Progress
    done: int = 0
    total: int = 0
    lost: set[int] = field(default_factory=set)

    async def since(self, since: dt.datetime) -> Reconciled:
        gateway = self.payments.gateway(self.partner_id)
        made = await gateway.customers_since(since)
        sessions = await gateway.sessions_since(since)
        subscriptions = await gateway.subscriptions_since(since)
        on_pages = {page.payment_intent for page in sessions if page.mode == "payment"}
        charges = [each for each in await gateway.payments_since(since) if each.id not in on_pages]
        gone = await gateway.reversed_since(since)
        self.total = len(made) + len(sessions) + len(subscriptions) + len(charges) + len(gone)
        self.progress(0, self.total)

        adopted = 0
        # The newest is the one in use.
        for each in reversed(made):
            adopted += await self._customer(each.id, each.metadata)
            self._step()
        for page in sessions:
            adopted += await self._customer(page.customer, page.metadata)
        plans = await self._plans(sessions, subscriptions)
        saved = credited = foreign = reopened = 0
        for page in sessions:
            if page.mode == "setup":
                saved += await self._saved(page)
            elif page.status == "open":
                reopened += page.mode == "payment" and await self._reopened(page)
            elif page.mode == "payment":
                status, now = await self._credited(page)
                credited += now
                foreign += status is None
            self._step()
        automatic = 0
        for charge in charges:
            status_known, by_page, by_card = await self._charged(charge)
            foreign += not status_known
            credited += by_page
            automatic += by_card
            self._step()
        applied = 0
        refunds = Refunds(self.payments)
        for payment in gone:
            applied += await refunds.look(self.partner_id, payment) == Outcome.APPLIED
            self._step()
        if self.lost:
            log.warning("workspaces that this database doesn't have", workspaces=sorted(self.lost))
        paid = [page for page in sessions if page.mode == "payment" and page.status == "complete"]
        return Reconciled(
            len(paid) + len(charges),
            credited,
            automatic,
            applied,
            foreign,
            adopted,
            saved,
            plans,
            reopened,
            tuple(sorted(self.lost)),
        )

    def _step(self) -> None:
        self.done += 1
        self.progress(self.done, self.total)

    def _is_ours(self, metadata: Mapping[str, str]) -> bool:
        return is_marked(metadata, self.payments.bot_id, self.partner_id)

    async def _customer(self, customer: str | None, metadata: Mapping[str, str]) -> bool:
        """Whether a customer object of ours is known from now on."""
        if customer is None or not self._is_ours(metadata):
            return False
        workspace_id = metadata_number(metadata, "workspace")
        if not await self.payments.db.read(customers.is_workspace, self.partner_id, workspace_id):
            self.lost.add(workspace_id)
            return False
        return await customers.adopt(self.payments, self.partner_id, workspace_id, customer)

    async def _plans(self, pages: list[SessionFacts], subscriptions: list[SubscriptionFacts]) -> int:
        """Every subscription; answers how many were not known. The oldest that runs stands for its workspace (R25)."""
        flow, again = Subscriptions(self.payments), 0
        for each in subscriptions:
            known = await self.payments.db.read(plan_rows.subscription, self.partner_id, each.id)
            again += await flow.bring(self.partner_id, each) is not None and known is None
            self._step()
        await flow.bring_standing(self.partner_id, {each.id for each in subscriptions})
        for page in pages:
            if page.mode == "subscription":
                await flow.page(self.partner_id, await self._closed_if_lost(page))
        return again

    async def _closed_if_lost(self, page: SessionFacts) -> SessionFacts:
        """Nobody would look after an open page that has no row, and another may be bought beside it."""
        number = metadata_number(page.metadata, "checkout")
        if page.status != "open" or not self._is_ours(page.metadata):
            return page
        if await self.payments.db.read(plan_rows.page, self.partner_id, number) is not None:
            return page
        return await self.payments.gateway(self.partner_id).expire_session(page.id)

    async def _saved(self, page: SessionFacts) -> bool:
        """Whether a page has brought a card that was not known."""
        setup_id = metadata_number(page.metadata, "setup")
        before = await self.payments.db.read(cards.page, self.partner_id, setup_id)
        if before is not None and before.status != "open":
            return False
        await AutomaticTopUps(self.payments).page(self.partner_id, page)
        card = await self.payments.db.read(card_rows.card, self.partner_id, setup_id)
        return card is not None

    async def _reopened(self, page: SessionFacts) -> bool:
        """Whether a page that can still be paid was not known."""
        number = metadata_number(page.metadata, "order")
        if await self.payments.db.read(rows.order, self.partner_id, number) is not None:
            return False
        status, _ = await self._credited(page)
        return status is not None

    async def _credited(self, page: SessionFacts) -> tuple[OrderStatus | None, bool]:
        """What became of a page's order, and whether it was credited now."""
        before = await self.payments.db.read(rows.by_session, self.partner_id, page.id)
        was_paid = before is not None and before.status == OrderStatus.PAID
        call = Call(self.payments.clock.now(), f"settle:{page.id}", self.payments.bot_id)
        status = await self.payments.db.write(orders.settle, call, self.partner_id, page)
        return status, status == OrderStatus.PAID and not was_paid

    async def _charged(self, charge: PaymentFacts) -> tuple[bool, bool, bool]:
        """A payment that no page of since has: whether it is ours, and credited now, by hand or from a saved card."""
        known = await self.payments.db.read(reversals.known, self.partner_id, charge.id)
        if known is not None and known.credited:
            return True, False, False
        if self._is_ours(charge.metadata):
            await self._customer(charge.customer, charge.metadata)
        status = await settle_payment(self.payments, self.partner_id, charge.id)
        known = await self.payments.db.read(reversals.known, self.partner_id, charge.id)
        now = known is not None and known.credited
        automatic = now and known is not None and known.automatic
        plan = now and known is not None and known.plan
        return status is not None, now and not (automatic or plan), automatic
