"""A year in the life of twelve customers, as data: what they do, what their banks say, when the bot is down."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sandbox.accountant.facts import (
    AddOn,
    AddUnits,
    Answer,
    AutomaticOn,
    BillingOff,
    BillingOn,
    BuyPack,
    Deed,
    GivePoints,
    GraceDays,
    Moment,
    NewRenewalDate,
    Pack,
    Price,
    RefundPack,
    RemoveUnits,
    Renewing,
    Story,
    StoryWorkspace,
)
from sandbox.accountant.wall_calendar import DAY, begins_there, date_there, months_later, renewal_dates

MONTHS = 12
SEAT, VOICE, LINE = "Year: seat", "Year: voice hour", "Year: phone line"
SMALL, BIG = "small", "big"
ADDONS = (AddOn(SEAT, 30_00), AddOn(VOICE, 17_55), AddOn(LINE, 50_00, whole=True))
PACKS = (Pack(SMALL, 25_00, 25_00), Pack(BIG, 90_00, 90_00, 9_00))
_CIVIL = dt.time(10, 1)
_A_MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Of a story that begins on the first of a month. Months count from 0; days are the month's last at most."""

    first: dt.date

    def date(self, month: int, day: int) -> dt.date:
        return months_later(self.anchor(day), month + self._months_since(self.anchor(day)))

    def at(self, month: int, day: int, hour: int = 12) -> dt.datetime:
        """An instant; the hour is UTC."""
        return dt.datetime.combine(self.date(month, day), dt.time(hour), dt.UTC)

    def anchor(self, day: int) -> dt.date:
        """The newest date before the story, or on its first, that has this day of the month."""
        date = self.first
        while date.day != day:
            date -= DAY
        return date

    def _months_since(self, anchor: dt.date) -> int:
        return (self.first.year - anchor.year) * 12 + self.first.month - anchor.month


def story(first: dt.date) -> Story:
    """The year that begins on ``first``, the first of a month."""
    calendar = _Calendar(first)
    down_from, down_until = calendar.at(8, 20, 10), calendar.at(9, 31, 10)
    begins, ends = calendar.at(0, 1), calendar.at(MONTHS, 2)
    customers = tuple(_customers())
    moments = [
        Moment(calendar.at(month, day, hour), workspace, deed(calendar) if callable(deed) else deed)
        for workspace, deeds in (*((each.name, each.deeds) for each in customers), ("", _PARTNER))
        for month, day, hour, deed in deeds
    ]
    workspaces = tuple(
        StoryWorkspace(each.name, each.zone, calendar.anchor(each.anchor), each.bank) for each in customers
    )
    looks = {moment.at for moment in moments} | {down_until}
    for workspace in workspaces:
        looks |= _looks(workspace, begins, ends, moments)
    return Story(
        begins,
        ends,
        ADDONS,
        PACKS,
        workspaces,
        tuple(sorted(moments, key=lambda moment: moment.at)),
        tuple(sorted(at for at in looks if begins <= at <= ends and not down_from < at < down_until)),
    )


def _looks(
    workspace: StoryWorkspace, begins: dt.datetime, ends: dt.datetime, moments: list[Moment]
) -> set[dt.datetime]:
    """When somebody looks at a workspace: a minute after each instant at which something may be due."""
    anchors = [workspace.anchor] + [
        moment.deed.anchor
        for moment in moments
        if moment.workspace == workspace.name and isinstance(moment.deed, NewRenewalDate)
    ]
    first, last = date_there(begins, workspace.zone), date_there(ends, workspace.zone)
    looks = set()
    for start in {date for anchor in anchors for date in renewal_dates(anchor) if first <= date <= last}:
        midnights = [begins_there(start + days * DAY, workspace.zone) for days in (0, 1, 3)]
        looks |= {at + _A_MINUTE for at in (midnights[0] - DAY, *midnights)}
        # Announcements leave at ten, three dates before the first attempt (R36).
        looks |= {
            dt.datetime.combine(start - days * DAY, _CIVIL, ZoneInfo(workspace.zone)).astimezone(dt.UTC)
            for days in (3, 4)
        }
    return looks


_Deeds = tuple[tuple[int, int, int, Deed | Callable[[_Calendar], Deed]], ...]
"""(month, day, hour, deed)"""


@dataclass(frozen=True, slots=True)
class _Customer:
    name: str
    zone: str
    anchor: int
    deeds: _Deeds
    bank: tuple[Answer, ...] = ()


_PARTNER: _Deeds = (
    # Rises: cycles that start in the next seven days keep the old price, by the calendar of each workspace (R6).
    (2, 24, 12, Price(SEAT, 36_00)),
    (3, 26, 12, Price(VOICE, 19_99)),
    (5, 15, 12, GraceDays(3)),
    # A cut: it is the 31st in Auckland, and the cycles that began there and on the 30th elsewhere keep their price.
    (6, 30, 13, Price(SEAT, 24_00)),
    (7, 14, 12, BillingOff()),
    (7, 17, 12, BillingOn()),
)


def _customers() -> Iterator[_Customer]:
    yield _Customer(
        "Auckland Tours",
        "Pacific/Auckland",
        31,
        (
            (0, 2, 12, GivePoints(2_000_00)),
            (0, 3, 12, AddUnits(SEAT, 2)),
            (0, 17, 12, AddUnits(VOICE, 1)),
            (3, 9, 12, RemoveUnits(SEAT, 1)),
            (5, 11, 12, AddUnits(SEAT, 2)),
            (10, 30, 9, RemoveUnits(VOICE, 1)),
        ),
    )
    yield _Customer(
        "Kiritimati Dive",
        "Pacific/Kiritimati",
        1,
        (
            (0, 2, 12, GivePoints(1_500_00)),
            (0, 4, 12, AddUnits(SEAT, 3)),
            (0, 9, 12, RemoveUnits(SEAT, 2)),
            (0, 14, 12, AddUnits(SEAT, 2)),
            (0, 20, 12, RemoveUnits(SEAT, 1)),
            (2, 12, 11, RemoveUnits(SEAT, 2)),
            (2, 12, 14, AddUnits(SEAT, 2)),
            (4, 8, 11, AddUnits(VOICE, 1)),
            (4, 8, 14, RemoveUnits(VOICE, 1)),
            (7, 19, 12, AddUnits(VOICE, 2)),
        ),
    )
    yield _Customer(
        "Kathmandu Treks",
        "Asia/Kathmandu",
        28,
        (
            (0, 2, 12, GivePoints(583_42)),
            (0, 3, 12, AddUnits(SEAT, 1)),
            (0, 5, 12, AddUnits(VOICE, 1)),
            (4, 10, 12, Renewing(VOICE, renews=False)),
            (5, 2, 12, AddUnits(VOICE, 1)),
            (5, 6, 12, AddUnits(SEAT, 1)),
            # The points don't cover what came due while the bot was down; these arrive in grace (R16).
            (10, 1, 12, GivePoints(300_00)),
        ),
    )
    yield _Customer(
        "Berlin Bikes",
        "Europe/Berlin",
        30,
        (
            (0, 2, 12, GivePoints(150_00)),
            (0, 3, 12, AutomaticOn(BIG, None)),
            (0, 4, 12, AddUnits(SEAT, 4)),
            (0, 5, 12, AddUnits(VOICE, 1)),
        ),
    )
    yield _Customer(
        "New York Notary",
        "America/New_York",
        31,
        (
            (0, 2, 12, GivePoints(100_00)),
            (0, 3, 12, AutomaticOn(SMALL, None)),
            (0, 4, 12, AddUnits(SEAT, 2)),
            (0, 5, 12, AddUnits(VOICE, 1)),
        ),
        ("soft", "paid", "soft", "soft", "paid", "paid", "soft", "soft", "soft", "paid"),
    )
    yield _Customer(
        "Beirut Books",
        "Asia/Beirut",
        28,
        (
            (0, 2, 12, GivePoints(120_00)),
            (0, 3, 12, AutomaticOn(BIG, None)),
            (0, 6, 12, AddUnits(SEAT, 3)),
            (5, 10, 12, GivePoints(200_00)),
            (5, 11, 12, AddUnits(SEAT, 2)),
            (5, 12, 12, AutomaticOn(BIG, None)),
        ),
        ("paid", "paid", "hard"),
    )
    yield _Customer(
        "Cairo Clinic",
        "Africa/Cairo",
        30,
        (
            (0, 2, 12, GivePoints(120_00)),
            (0, 3, 12, AutomaticOn(SMALL, 50_00)),
            (0, 4, 12, AddUnits(SEAT, 3)),
        ),
    )
    yield _Customer(
        "Santiago Salsa",
        "America/Santiago",
        29,
        (
            (0, 2, 12, BuyPack("first", BIG)),
            (0, 3, 12, BuyPack("second", BIG)),
            (0, 4, 12, AddUnits(SEAT, 2)),
            (0, 6, 12, AddUnits(VOICE, 1)),
            (2, 8, 12, RefundPack("second", 90_00)),
            (3, 10, 12, BuyPack("third", BIG)),
            (3, 12, 12, GivePoints(300_00)),
            (3, 13, 12, AddUnits(SEAT, 1)),
            (6, 5, 12, RefundPack("third", 30_00)),
            (6, 9, 12, RefundPack("third", 30_00)),
        ),
    )
    yield _Customer(
        "Lord Howe Lodge",
        "Australia/Lord_Howe",
        29,
        (
            (0, 2, 12, GivePoints(1_800_00)),
            (0, 3, 12, AddUnits(SEAT, 2)),
            (0, 12, 12, AddUnits(VOICE, 2)),
            (5, 10, 12, lambda calendar: NewRenewalDate(calendar.date(5, 20))),
            (11, 12, 12, lambda calendar: NewRenewalDate(calendar.date(11, 5))),
        ),
    )
    yield _Customer(
        "Chatham Fish",
        "Pacific/Chatham",
        1,
        (
            (0, 2, 12, GivePoints(480_00)),
            # Bought in turn: where the points don't cover all, the voice hour goes before the second seat (R15).
            (0, 3, 12, AddUnits(SEAT, 1)),
            (0, 5, 12, AddUnits(VOICE, 1)),
            (0, 8, 12, AddUnits(SEAT, 1)),
            # Grace: what arrives on its second date pays the whole cycle (R15).
            (6, 2, 12, GivePoints(80_00)),
            (7, 12, 12, GivePoints(250_00)),
            (7, 13, 12, AddUnits(SEAT, 1)),
            # Lapsed after grace, and added again in that cycle: the days of grace are charged too.
            (11, 12, 12, GivePoints(60_00)),
            (11, 13, 12, AddUnits(SEAT, 2)),
        ),
    )
    yield _Customer(
        "Pago Pago Radio",
        "Pacific/Pago_Pago",
        31,
        (
            (0, 2, 12, GivePoints(260_00)),
            (0, 6, 12, AddUnits(LINE, 1)),
            (0, 8, 12, AddUnits(SEAT, 1)),
            (1, 12, 12, RemoveUnits(LINE, 1)),
            (4, 19, 12, GivePoints(45_00)),
            (4, 20, 12, AddUnits(VOICE, 1)),
            (7, 10, 12, GivePoints(90_00)),
            (7, 11, 12, AddUnits(SEAT, 2)),
            (10, 20, 12, GivePoints(150_00)),
            (10, 21, 12, AddUnits(VOICE, 2)),
            (11, 5, 12, RemoveUnits(VOICE, 1)),
        ),
    )
    yield _Customer(
        "St John's Seafood",
        "America/St_Johns",
        30,
        (
            (0, 2, 12, GivePoints(200_00)),
            (0, 3, 12, AutomaticOn(BIG, 200_00)),
            (0, 7, 12, AddUnits(SEAT, 2)),
            (0, 9, 12, AddUnits(LINE, 1)),
            (0, 21, 12, AddUnits(VOICE, 1)),
            (5, 20, 12, GivePoints(150_00)),
            (5, 21, 12, AddUnits(SEAT, 1)),
            (5, 22, 12, AutomaticOn(BIG, 200_00)),
        ),
        ("paid", "soft", "soft", "soft", "soft"),
    )
