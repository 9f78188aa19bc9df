"""A story as plain facts: who there is, what happened when, and what the bank answered.

Points are integers of hundredths, money integers of the currency's smallest unit, instants are aware datetimes.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Answer = Literal["paid", "soft", "hard"]


@dataclass(frozen=True, slots=True)
class AddOn:
    """Something sold per cycle and unit. ``whole``: sold by whole cycles, nothing back (R7)."""

    code: str
    price: int
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Pack:
    code: str
    cents: int
    points: int
    bonus: int = 0


@dataclass(frozen=True, slots=True)
class StoryWorkspace:
    """One customer. ``bank``: the answers to the charges of its card, in order; after the last one it pays."""

    name: str
    zone: str
    anchor: dt.date
    bank: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class AddUnits:
    addon: str
    units: int


@dataclass(frozen=True, slots=True)
class RemoveUnits:
    addon: str
    units: int


@dataclass(frozen=True, slots=True)
class Renewing:
    """The customer sets an add-on to renew, or not (R14)."""

    addon: str
    renews: bool


@dataclass(frozen=True, slots=True)
class GivePoints:
    hundredths: int


@dataclass(frozen=True, slots=True)
class BuyPack:
    """A pack bought by hand and paid at once. ``name`` is what a refund refers to."""

    name: str
    pack: str


@dataclass(frozen=True, slots=True)
class RefundPack:
    """``cents`` of the payment ``name`` go back to the customer (R29)."""

    name: str
    cents: int


@dataclass(frozen=True, slots=True)
class AutomaticOn:
    """The customer turns auto top-up on; ``cap`` is money per calendar month, None: no cap (R17)."""

    pack: str
    cap: int | None


@dataclass(frozen=True, slots=True)
class NewRenewalDate:
    anchor: dt.date


@dataclass(frozen=True, slots=True)
class Price:
    """The partner sets a price and every customer is told at that instant (R6)."""

    addon: str
    price: int


@dataclass(frozen=True, slots=True)
class GraceDays:
    days: int


@dataclass(frozen=True, slots=True)
class BillingOff:
    pass


@dataclass(frozen=True, slots=True)
class BillingOn:
    pass


Deed = (
    AddUnits
    | RemoveUnits
    | Renewing
    | GivePoints
    | BuyPack
    | RefundPack
    | AutomaticOn
    | NewRenewalDate
    | Price
    | GraceDays
    | BillingOff
    | BillingOn
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens. ``workspace`` is empty where it concerns all of them."""

    at: dt.datetime
    workspace: str
    deed: Deed


@dataclass(frozen=True, slots=True)
class Story:
    """A year. ``looks`` are the instants at which the bot works off what is due; while it is down there are none."""

    begins: dt.datetime
    ends: dt.datetime
    addons: tuple[AddOn, ...]
    packs: tuple[Pack, ...]
    workspaces: tuple[StoryWorkspace, ...]
    moments: tuple[Moment, ...]
    looks: tuple[dt.datetime, ...]
