"""Queries: what a restored backup doesn't know of (DESIGN 5.6)."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import select

from storage.models import CardSetup, Order, PlanCheckout
from storage.transaction import Tx

_ROWS: Final[Mapping[str, type[Order] | type[CardSetup] | type[PlanCheckout]]] = {
    "order": Order,
    "setup": CardSetup,
    "checkout": PlanCheckout,
}
"""What has a number of its own in the metadata of Stripe's objects, under which name."""
NUMBERED: Final = tuple(_ROWS)


def known_numbers(
    tx: Tx, partner_id: int, numbers: Mapping[str, Collection[int]]
) -> frozenset[tuple[str, int]]:
    """Those of the given numbers (by their name in metadata) that have a row."""
    return frozenset(
        (name, number)
        for name, asked in numbers.items()
        if asked
        for number in tx.session.scalars(
            select(_ROWS[name].id).where(_ROWS[name].partner_id == partner_id, _ROWS[name].id.in_(asked))
        )
    )
