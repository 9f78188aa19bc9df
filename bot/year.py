"""A company whose year passes: what happens to it is done by the real use cases and flows, and nothing else."""

import datetime as dt
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from billing import addons, adjust, catalogue, dating, people, workspaces
from billing.access import Role
from billing.automatic import agreement
from billing.automatic.charging import AutomaticTopUps
from billing.call import Call
from billing.catalogue import limits
from billing.checkout import Checkout
from billing.cycle import local_date, zone_named
from billing.ledger import Kind
from billing.money import Money
from billing.orders import Choice
from billing.payments import Payments
from billing.refunds import Refunds
from storage import catalogue as catalogue_rows
from storage import ledger
from storage import workspaces as workspace_rows
from storage.transaction import Tx

WORDS: Final = {
    Kind.ADJUSTMENT: "given",
    Kind.TOPUP: "bought",
    Kind.BONUS: "bonus",
    Kind.PAYBACK: "taken back",
    Kind.TEST_POINTS: "taken back",
    Kind.ADDON: "add-on",
    Kind.REFUND: "add-on",
    Kind.REDATED: "add-on",
    Kind.FREED: "add-on",
    Kind.RENEWAL: "renewal",
}
"""The accountant's word for each kind of posting."""
_PAGE: Final = 200
_CURRENCY: Final = "USD"


class Bank(Protocol):
    """Who pays, and who decides on charges of saved cards."""

    async def pay(self, url: str) -> None:
        """The customer pays on this page, or saves a card on it."""

    async def will_answer(self, workspace_id: int, answers: Sequence[str]) -> None:
        """To the charges of the workspace's card, in order: paid, soft or hard; then paid."""

    async def before_charges(self) -> None:
        """Charges may come now."""

    async def charges(self, workspace_id: int) -> list[tuple[dt.datetime, int, str]]:
        """Those so far: when, how many cents, what was answered."""


@dataclass(frozen=True, slots=True)
class WorkspaceBooks:
    """A workspace's books in the accountant's words; see sandbox/playing.py."""

    lines: list[tuple[dt.date, str, str, dt.date | None, int]]
    charges: list[tuple[dt.date, int, str]]
    balance: int
    units: dict[str, int]


@dataclass(slots=True)
class _Customer:
    id: int
    owner: int
    zone: str
    paid: dict[str, int] = field(default_factory=dict)
    """Orders by the name of the payment."""


class YearCompany:
    """The partner ``desk`` and the workspaces that it opens, driven as a person would."""

    def __init__(
        self,
        payments: Payments,
        partner_id: int,
        desk: int,
        bank: Bank,
        *,
        ticks: Sequence[Callable[[], Awaitable[object]]],
        turn: Callable[[dt.datetime], None],
        owner_of: Callable[[str], Awaitable[int]],
    ) -> None:
        """``desk``: the partner's person. ``ticks``: what is looked at again and again, in this order.

        ``turn`` turns the clock. ``owner_of`` answers the Telegram id of a workspace's owner, by its name.
        """
        self._payments, self._partner_id, self._desk, self._bank = payments, partner_id, desk, bank
        self._db, self._clock = payments.db, payments.clock
        self._ticks, self._turn, self._owner_of = ticks, turn, owner_of
        self._checkout, self._automatic = Checkout(payments), AutomaticTopUps(payments)
        self._refunds = Refunds(payments)
        self._numbers = itertools.count(1)
        self._customers: dict[str, _Customer] = {}
        self._addons: dict[str, int] = {}
        self._packs: dict[str, int] = {}

    def workspace_id(self, workspace: str) -> int:
        return self._customers[workspace].id

    async def stand_at(self, at: dt.datetime) -> None:
        self._turn(at)

    async def look(self) -> None:
        await self._bank.before_charges()
        for tick in self._ticks:
            await tick()

    async def sells(self, addon: str, price: int, *, whole: bool) -> None:
        code = await self._at_desk(limits.add_limit, addon, "granted")
        addon_id = await self._at_desk(limits.sell_limit, code, 1)
        await self._at_desk(catalogue.set_label, addon_id, addon)
        await self._at_desk(catalogue.set_price, addon_id, price)
        if whole:
            await self._at_desk(catalogue.set_whole_cycles, addon_id, whole_cycles=True)
        self._addons[addon] = addon_id

    async def sells_pack(self, pack: str, cents: int, points: int, bonus: int) -> None:
        made = await self._at_desk(catalogue.save_pack, None, points, bonus, Money(cents, _CURRENCY))
        self._packs[pack] = made.id

    async def opens(self, workspace: str, zone: str, anchor: dt.date, bank: Sequence[str]) -> None:
        plans = await self._db.read(workspaces.plans, self._desk)
        made = await self._at_desk(workspaces.create, workspace, plans[0][0].id, zone, anchor)
        telegram_id = await self._owner_of(workspace)
        visitor = await self._db.write(people.meet, self._call(), telegram_id, workspace, None, "en")
        code = f"year-{made.id}-{self._clock.now().isoformat()}"
        await self._at_desk(people.invite_from_desk, made.id, Role.OWNER, code)
        self._customers[workspace] = _Customer(made.id, visitor.person_id, zone)
        await self._by(workspace, people.accept_invite, code)
        await self._bank.will_answer(made.id, bank)

    async def change_units(self, workspace: str, addon: str, by: int) -> None:
        customer, addon_id = self._customers[workspace], self._addons[addon]
        await self._db.write(workspaces.catch_up, self._call(), customer.id)

        def units(tx: Tx) -> int:
            state = workspace_rows.addon_state(tx, self._partner_id, customer.id, addon_id)
            return state.units if state is not None else 0

        target = await self._db.read(units) + by
        asked = (customer.owner, customer.id, addon_id, target, self._clock.now())
        quoted = await self._db.read(addons.quote, *asked)
        await self._by(workspace, addons.set_units, customer.id, addon_id, target, quoted.amount)

    async def set_renews(self, workspace: str, addon: str, *, renews: bool) -> None:
        place = self.workspace_id(workspace), self._addons[addon]
        await self._by(workspace, addons.set_renews, *place, renews=renews)

    async def give(self, workspace: str, hundredths: int) -> None:
        await self._at_desk(adjust.adjust, self.workspace_id(workspace), hundredths, "A year in the life")

    async def buy_pack(self, workspace: str, name: str, pack: str) -> None:
        customer = self._customers[workspace]
        placed = await self._checkout.open(
            self._call(customer.owner),
            self._partner_id,
            customer.id,
            Choice(self._packs[pack]),
            language="en",
            title=lambda point_name, points, bonus: f"{points + bonus} {point_name}",
        )
        assert placed.url is not None, "a new page has an address"
        await self._bank.pay(placed.url)
        await self._checkout.look(customer.owner, placed.id)
        customer.paid[name] = placed.id

    async def refund(self, workspace: str, name: str, cents: int) -> None:
        order_id = self._customers[workspace].paid[name]
        offer = await self._refunds.offer(self._call(self._desk), order_id)
        await self._refunds.refund(self._call(self._desk), order_id, cents, offer.left.amount_minor)

    async def automatic_on(self, workspace: str, pack: str, cap: int | None) -> None:
        customer = self._customers[workspace]
        state = await self._by(workspace, agreement.agree, customer.id, self._packs[pack], cap)
        if state == "on":
            return
        page = await self._automatic.open_card_page(
            self._call(customer.owner), customer.id, language="en", consent="A year in the life"
        )
        assert page.url is not None, "a new page has an address"
        await self._bank.pay(page.url)
        await self._automatic.look_at_card(customer.owner, page.id)

    async def new_renewal_date(self, workspace: str, anchor: dt.date) -> None:
        await self._at_desk(dating.set_renewal_date, self.workspace_id(workspace), anchor)

    async def set_price(self, addon: str, price: int) -> None:
        await self._at_desk(catalogue.set_price, self._addons[addon], price)

    async def set_grace(self, days: int) -> None:
        await self._at_desk(catalogue.set_grace_days, days)

    async def switch_billing(self, *, on: bool) -> None:
        await self._at_desk(catalogue.set_credit_billing, on=on)

    async def books(self, workspace: str) -> WorkspaceBooks:
        customer = self._customers[workspace]
        zone = zone_named(customer.zone)
        charges = await self._bank.charges(customer.id)
        lines, balance, units = await self._db.read(self._read_books, customer)
        return WorkspaceBooks(
            lines,
            [(local_date(at, zone), cents, answer) for at, cents, answer in charges],
            balance,
            units,
        )

    def _read_books(
        self, tx: Tx, customer: _Customer
    ) -> tuple[list[tuple[dt.date, str, str, dt.date | None, int]], int, dict[str, int]]:
        labels = {row.id: row.label for row in catalogue_rows.addons(tx, self._partner_id)}
        zone = zone_named(customer.zone)
        lines = []
        below = 1 << 31
        while page := ledger.postings_page(tx, self._partner_id, customer.id, below, _PAGE):
            below = page[-1].number
            lines += [
                (
                    local_date(row.at, zone),
                    WORDS[Kind(row.kind)],
                    labels[row.addon_id] if row.addon_id is not None else "",
                    row.cycle_start,
                    row.amount,
                )
                for row in page
            ]
        wallet = workspace_rows.wallet(tx, self._partner_id, customer.id)
        states = workspace_rows.addon_states(tx, self._partner_id, customer.id)
        return lines[::-1], wallet.balance, {labels[row.addon_id]: row.units for row in states if row.units}

    async def _by(self, workspace: str, use_case: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """As the workspace's owner."""
        return await self._db.write(use_case, self._call(self._customers[workspace].owner), *args, **kwargs)

    async def _at_desk(self, use_case: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await self._db.write(use_case, self._call(self._desk), *args, **kwargs)

    def _call(self, person_id: int | None = None) -> Call:
        now = self._clock.now()
        reference = f"year:{next(self._numbers)}:{now.isoformat()}"
        return Call(now, reference, self._payments.bot_id, person_id)
