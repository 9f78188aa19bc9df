"""A customer's way to an order, and what is true of payments once they are over."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from .client import Message, Person, Sim, session_of
from .conftest import Bench
from .reading import named_points, signed_amounts

GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"
SECURE_CARD = "4000002760003184"
CREATION = "POST /v1/checkout/sessions"
"""How faults and the log name the making of a payment page."""


async def order(person: Person, *, pack: int = 0) -> Message:
    """From anywhere to an order's message with its link; `pack` counts from the top of the list."""
    shop = await person.writes("/topup", shows="Top up")
    return await person.orders(packs(shop)[pack], on=shop.id)


def packs(shop: Message) -> list[str]:
    """What the packs' buttons say."""
    return [each.text for each in shop.buttons if re.match(r"[\d,.]+ (points|\+)", each.text)]


async def balance(person: Person) -> Decimal:
    return named_points((await person.writes("/menu", shows="● active")).text)


async def movements(person: Person) -> set[Decimal]:
    """Every amount that the history shows."""
    home = await person.writes("/menu", shows="● active")
    return signed_amounts(await person.taps("History", on=home.id))


async def open_pages(sim: Sim) -> set[str]:
    """The ids of every payment page there is, whatever became of it."""
    return {one["session"] for one in await sim.payments() if one["session"] is not None}


@asynccontextmanager
async def new_pages(bench: Bench, count: int) -> AsyncIterator[None]:
    """Exactly so many payment pages are made at Stripe within the block."""
    before = await open_pages(bench.sim)
    yield
    made = await open_pages(bench.sim) - before
    assert len(made) == count, f"{len(made)} pages instead of {count}"


async def pays(bench: Bench, order: Message, card: str = GOOD_CARD) -> None:
    """Pay and be credited: the message changes by itself."""
    answer = await bench.sim.pay(order, card)
    assert answer.get("payment_status") == "paid", answer


async def status_of(bench: Bench, order: Message) -> str:
    """What became of the page, by Stripe's own account."""
    (found,) = [one for one in await bench.sim.payments() if one["session"] == session_of(order)]
    return str(found["status"])
