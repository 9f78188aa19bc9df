"""The bookkeeper at work: date by date through the year, for one workspace after the other.

On each date it takes the moments and the looks in their order. Before anything else is written, the cycles that
are due are worked off (R14); after it, the card is tried (R17) and what may wait no longer lapses (R15).
"""

import datetime as dt
from fractions import Fraction

from sandbox.accountant.book import Book, Result, Unit
from sandbox.accountant.card import Card
from sandbox.accountant.facts import (
    AddUnits,
    AutomaticOn,
    BuyPack,
    GivePoints,
    Moment,
    NewRenewalDate,
    Pack,
    RefundPack,
    RemoveUnits,
    Renewing,
    Story,
    StoryWorkspace,
)
from sandbox.accountant.prices import dates_off, grace_days, is_off, price_of
from sandbox.accountant.wall_calendar import (
    DAY,
    Cycle,
    begins_there,
    cycle_around,
    cycle_from,
    date_there,
    dates,
    renewal_dates,
)


def audit(story: Story) -> dict[str, Result]:
    """The expected books of every workspace of the story."""
    return {workspace.name: Desk(story, workspace).year() for workspace in story.workspaces}


class Desk:
    """One workspace's year."""

    def __init__(self, story: Story, workspace: StoryWorkspace) -> None:
        self.story = story
        self.zone = workspace.zone
        self.anchor = workspace.anchor
        self.packs = {pack.code: pack for pack in story.packs}
        self.told = tuple(moment for moment in story.moments if not moment.workspace)
        self.own = [m for m in story.moments if m.workspace in ("", workspace.name)]
        self.now = story.begins
        self.today = date_there(self.now, self.zone)
        addons = {addon.code: addon for addon in story.addons}
        self.book = Book(
            addons,
            cycle_around(workspace.anchor, self.today),
            lambda code, start: price_of(addons[code], self.told_by_now(), self.zone, start),
        )
        self.card = Card(workspace.zone, list(workspace.bank))
        self.waits_until: dt.date | None = None
        self.payments: dict[str, tuple[Pack, int]] = {}

    def year(self) -> Result:
        first, last = date_there(self.story.begins, self.zone), date_there(self.story.ends, self.zone)
        for self.today in dates(first, last + DAY):
            for at, moment in self.happenings():
                self.now = at
                self.work_off_boundaries()
                if moment is not None:
                    self.happens(moment)
                else:
                    self.try_the_card()
                self.let_lapse()
        book = self.book
        units = {code: len(book.held(code)) for code in book.addons if book.held(code)}
        return Result(tuple(book.lines), tuple(self.card.charges), book.balance, units)

    def happenings(self) -> list[tuple[dt.datetime, Moment | None]]:
        """Today's moments and looks in their order; a look at the instant of a moment comes after it."""
        begins, ends = begins_there(self.today, self.zone), begins_there(self.today + DAY, self.zone)
        moments: list[tuple[dt.datetime, Moment | None]] = [
            (moment.at, moment) for moment in self.own if begins <= moment.at < ends
        ]
        looks: list[tuple[dt.datetime, Moment | None]] = [
            (at, None) for at in self.story.looks if begins <= at < ends
        ]
        return sorted(moments + looks, key=lambda happening: happening[0])

    def told_by_now(self) -> tuple[Moment, ...]:
        return tuple(moment for moment in self.told if moment.at <= self.now)

    def off(self) -> frozenset[dt.date]:
        return dates_off(self.told, self.zone, self.now)

    def happens(self, moment: Moment) -> None:
        deed, book, day = moment.deed, self.book, self.today
        match deed:
            case AddUnits():
                book.add(deed.addon, deed.units, day)
                assert book.owed(deed.addon, self.off()) <= max(0, book.balance), (
                    f"not enough points: {moment}"
                )
                book.settle(day, "add-on", deed.addon, self.off())
            case RemoveUnits():
                book.remove(deed.addon, deed.units, day)
                book.settle(day, "add-on", deed.addon, self.off())
            case Renewing():
                (book.ended.discard if deed.renews else book.ended.add)(deed.addon)
            case GivePoints():
                book.write(day, "given", deed.hundredths)
                self.points_arrive()
            case BuyPack():
                self.payments[deed.name] = (self.packs[deed.pack], 0)
                self.pack_arrives(self.packs[deed.pack], 1)
            case RefundPack():
                self.take_back(deed)
            case AutomaticOn():
                self.card.turn_on(self.packs[deed.pack], deed.cap)
            case NewRenewalDate():
                self.move_renewal(deed.anchor)

    def take_back(self, deed: RefundPack) -> None:
        """Both lines of the pack in proportion, by the cumulative amount (R2, R29); below zero ends auto top-up."""
        pack, before = self.payments[deed.name]
        after = before + deed.cents
        self.payments[deed.name] = (pack, after)
        for what in (pack.points, pack.bonus):
            share = Fraction(what * after, pack.cents) - Fraction(what * before, pack.cents)
            assert share.denominator == 1, "the story refunds in whole hundredths"
            self.book.write(self.today, "taken back", -int(share))
        if self.book.balance < 0:
            self.card.turn_off()

    def move_renewal(self, anchor: dt.date) -> None:
        """A boundary inside the running cycle ends it there, and what it cost less comes back (R4, R7)."""
        cycle = self.book.cycle
        inside = [date for date in renewal_dates(anchor) if self.today < date < cycle.end]
        self.anchor = anchor
        if inside:
            self.book.cycle = Cycle(cycle.start, inside[0], cycle.whole)
            for code in self.book.addons:
                self.book.settle(self.today, "add-on", code, self.off())

    def pack_arrives(self, pack: Pack, count: int) -> None:
        self.book.write(self.today, "bought", pack.points * count)
        self.book.write(self.today, "bonus", pack.bonus * count)
        self.points_arrive()

    def points_arrive(self) -> None:
        """They pay what waits, for the whole cycle (R15)."""
        for unit in [unit for unit in self.book.held() if unit.waits]:
            self.pay(unit)

    def pay(self, unit: Unit) -> bool:
        """The unit's dates of the running cycle, if the points cover them. What is free always renews."""
        book, off = self.book, self.off()
        whole = set(book.cycle.dates())
        unit.pays |= whole
        owed = book.owed(unit.addon, off)
        if owed > max(0, book.balance):
            unit.pays -= whole
            return False
        unit.waits = False
        book.settle(self.today, "renewal", unit.addon, off)
        return True

    def work_off_boundaries(self) -> None:
        while self.book.cycle.end <= self.today:
            for code in self.book.addons:
                # Dates without billing come back with the next change, or else with the cycle's end.
                if self.book.owed(code, self.off()) < 0:
                    self.book.settle(self.today, "add-on", code, self.off())
            self.renew(cycle_from(self.anchor, self.book.cycle.end))

    def renew(self, cycle: Cycle) -> None:
        """Units renew oldest first as far as the points go; of a cycle that is over, the rest is forgiven (R16)."""
        book = self.book
        book.cycle = cycle
        for unit in book.held():
            unit.waits = unit.pays_removal = False
            if unit.addon in book.ended:
                unit.gone = cycle.start
        # The wish not to renew is fulfilled with the end (R14): what is bought later renews like anything bought.
        book.ended.clear()
        book.units = book.held()
        free = is_off(self.told, begins_there(cycle.start, self.zone))
        for unit in book.units:
            unit.free = free
            unit.waits = not free and not self.pay(unit)
        if cycle.end <= self.today:
            for unit in book.units:
                unit.waits = False
            return
        self.waits_until = self.today + grace_days(self.told, self.now) * DAY

    def try_the_card(self) -> None:
        """The attempts whose time has come. One that waits for its cycle knows what is missing now (R17)."""
        running = self.book.cycle
        if running.end > self.today and [u for u in self.book.held() if u.waits]:
            if self.attempt(running.start, (0, *self.card_retries())):
                self.charge(self.missing_now())
        elif self.attempt(running.end, (-1,)):
            self.charge(self.missing_then())

    def card_retries(self) -> tuple[int, ...]:
        return tuple(days for days in self.card.slots_reached(self.book.cycle.start, self.now) if days > 0)

    def attempt(self, start: dt.date, slots: tuple[int, ...]) -> bool:
        reached = self.card.slots_reached(start, self.now)
        taken = {slot for slot in slots if slot in reached and self.card.takes((start, slot))}
        return bool(taken)

    def missing_now(self) -> list[int]:
        """The price of each waiting unit, in the order they renew."""
        start = self.book.cycle.start
        return [self.book.price(unit.addon, start) for unit in self.book.held() if unit.waits]

    def missing_then(self) -> list[int]:
        """The price of each unit that will renew at the running cycle's end."""
        start = self.book.cycle.end
        return [
            self.book.price(unit.addon, start)
            for unit in self.book.held()
            if unit.addon not in self.book.ended and not unit.waits
        ]

    def charge(self, prices: list[int]) -> None:
        balance = self.book.balance
        packs = self.card.packs_for(sum(prices) - balance, self.today)
        if packs == 0 or self.card.pack is None:
            return
        brings = packs * (self.card.pack.points + self.card.pack.bonus)
        if renewable(prices, balance + brings) == renewable(prices, balance):
            return
        pack = self.card.charge(packs, self.today)
        if pack is not None:
            self.pack_arrives(pack, packs)

    def let_lapse(self) -> None:
        waits = any(unit.waits for unit in self.book.held())
        if not waits or self.waits_until is None or self.today < self.waits_until:
            return
        start = self.book.cycle.start
        coming = self.card.pack is not None and (start, 0) not in self.card.tried
        if not coming and not self.card.may_retry(start, self.now):
            self.book.lapse(self.today)


def renewable(prices: list[int], points: int) -> int:
    """How many units the points renew, one after the other, what doesn't fit passed over."""
    count = 0
    for price in prices:
        if price <= max(0, points):
            points -= price
            count += 1
    return count
