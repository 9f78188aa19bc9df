"""An independent bookkeeper.

It knows the rules (docs/billing-rules.md) and nothing of the program: no import of it, none of its tables, none
of its words. It keeps its books the way a person would on paper, unit by unit and date by date, so that what two
so different ways of counting agree on is right, or wrong in the rules themselves.
"""

from sandbox.accountant.book import Charge, Line, Result
from sandbox.accountant.comparison import Verdict, compare
from sandbox.accountant.facts import (
    AddOn,
    AddUnits,
    AutomaticOn,
    BillingOff,
    BillingOn,
    BuyPack,
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
from sandbox.accountant.office import audit

__all__ = [
    "AddOn",
    "AddUnits",
    "AutomaticOn",
    "BillingOff",
    "BillingOn",
    "BuyPack",
    "Charge",
    "GivePoints",
    "GraceDays",
    "Line",
    "Moment",
    "NewRenewalDate",
    "Pack",
    "Price",
    "RefundPack",
    "RemoveUnits",
    "Renewing",
    "Result",
    "Story",
    "StoryWorkspace",
    "Verdict",
    "audit",
    "compare",
]
