"""Playing a story: its deeds are done, one after the other, by whatever program is on trial."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Protocol

from sandbox.accountant import (
    AddUnits,
    AutomaticOn,
    BillingOff,
    BillingOn,
    BuyPack,
    Charge,
    GivePoints,
    GraceDays,
    Line,
    Moment,
    NewRenewalDate,
    Price,
    RefundPack,
    RemoveUnits,
    Renewing,
    Result,
    Story,
    Verdict,
    audit,
    compare,
)


class Books(Protocol):
    """A workspace's books as the program has them, in the accountant's words."""

    @property
    def lines(self) -> Sequence[tuple[dt.date, str, str, dt.date | None, int]]:
        """(date, what, add-on, cycle's start, hundredths)"""

    @property
    def charges(self) -> Sequence[tuple[dt.date, int, str]]:
        """(date, cents, the bank's answer)"""

    @property
    def balance(self) -> int: ...

    @property
    def units(self) -> dict[str, int]:
        """By add-on, those that it has any of."""


class Company(Protocol):
    """The program on trial: its partner, its customers and its books. Amounts as in a story."""

    async def stand_at(self, at: dt.datetime) -> None:
        """The clock says this."""

    async def look(self) -> None:
        """Everything that is due is done."""

    async def sells(self, addon: str, price: int, *, whole: bool) -> None: ...

    async def sells_pack(self, pack: str, cents: int, points: int, bonus: int) -> None: ...

    async def opens(self, workspace: str, zone: str, anchor: dt.date, bank: Sequence[str]) -> None:
        """A workspace. ``bank``: what is answered to charges of its saved card, in order; then "paid"."""

    async def change_units(self, workspace: str, addon: str, by: int) -> None: ...

    async def set_renews(self, workspace: str, addon: str, *, renews: bool) -> None: ...

    async def give(self, workspace: str, hundredths: int) -> None: ...

    async def buy_pack(self, workspace: str, name: str, pack: str) -> None: ...

    async def refund(self, workspace: str, name: str, cents: int) -> None: ...

    async def automatic_on(self, workspace: str, pack: str, cap: int | None) -> None: ...

    async def new_renewal_date(self, workspace: str, anchor: dt.date) -> None: ...

    async def set_price(self, addon: str, price: int) -> None: ...

    async def set_grace(self, days: int) -> None: ...

    async def switch_billing(self, *, on: bool) -> None: ...

    async def books(self, workspace: str) -> Books: ...


async def play(
    story: Story, company: Company, progress: Callable[[dt.datetime], None] = lambda _: None
) -> list[Verdict]:
    """Let the story happen, then compare the program's books with the accountant's.

    ``progress`` is told each instant. What the program refuses is raised: a story asks for nothing improper.
    """
    await company.stand_at(story.begins)
    for addon in story.addons:
        await company.sells(addon.code, addon.price, whole=addon.whole)
    for pack in story.packs:
        await company.sells_pack(pack.code, pack.cents, pack.points, pack.bonus)
    for each in story.workspaces:
        await company.opens(each.name, each.zone, each.anchor, each.bank)
    moments, looks = iter(story.moments), set(story.looks)
    coming = next(moments, None)
    for at in sorted(looks | {moment.at for moment in story.moments}):
        await company.stand_at(at)
        progress(at)
        while coming is not None and coming.at == at:
            await _happen(company, coming)
            coming = next(moments, None)
        if at in looks:
            await company.look()
    await company.stand_at(story.ends)
    expected = audit(story)
    return [
        compare(each.name, expected[each.name], _result(await company.books(each.name)))
        for each in story.workspaces
    ]


async def _happen(company: Company, moment: Moment) -> None:
    name, deed = moment.workspace, moment.deed
    match deed:
        case AddUnits():
            await company.change_units(name, deed.addon, deed.units)
        case RemoveUnits():
            await company.change_units(name, deed.addon, -deed.units)
        case Renewing():
            await company.set_renews(name, deed.addon, renews=deed.renews)
        case GivePoints():
            await company.give(name, deed.hundredths)
        case BuyPack():
            await company.buy_pack(name, deed.name, deed.pack)
        case RefundPack():
            await company.refund(name, deed.name, deed.cents)
        case AutomaticOn():
            await company.automatic_on(name, deed.pack, deed.cap)
        case NewRenewalDate():
            await company.new_renewal_date(name, deed.anchor)
        case Price():
            await company.set_price(deed.addon, deed.price)
        case GraceDays():
            await company.set_grace(deed.days)
        case BillingOff() | BillingOn():
            await company.switch_billing(on=isinstance(deed, BillingOn))


def _result(books: Books) -> Result:
    return Result(
        tuple(Line(*line) for line in books.lines),
        tuple(Charge(*charge) for charge in books.charges),
        books.balance,
        books.units,
    )
