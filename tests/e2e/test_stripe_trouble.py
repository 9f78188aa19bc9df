"""Stripe fails while a page to pay is made: nobody pays twice, and it goes on when Stripe does."""

import pytest

from .client import Message, Person
from .conftest import Bench
from .reading import named_points
from .shop import CREATION, balance, movements, new_pages, order, packs, pays

UNTOLD = ("lost", "truncated", "hang", "drop")
"""What the client's retries under the same key make good, unseen."""


@pytest.mark.parametrize("kind", UNTOLD)
async def test_a_single_failure_isnt_noticed(bench: Bench, kind: str) -> None:
    dana = await bench.customer()
    async with new_pages(bench, 1):
        await bench.sim.fails("stripe", CREATION, kind, seconds=1)
        page = await order(dana)
        assert await bench.sim.faults() == []
    await pays(bench, page)
    paid = await dana.sees("arrived!", on=page.id)
    assert await movements(dana) == {named_points(paid.text)}


@pytest.mark.parametrize(("kind", "times"), [("429", 1), ("500", 1), ("500", 3), ("drop", 3), ("lost", 3)])
async def test_failure_is_told_and_trying_again_makes_one_page(bench: Bench, kind: str, times: int) -> None:
    dana = await bench.customer()
    async with new_pages(bench, 1):
        await bench.sim.fails("stripe", CREATION, kind, times=times)
        told = await _wants_first_pack(dana)
        assert "Nothing was charged" in told.text, told
        await bench.sim.no_more_failures()
        await dana.taps("Try again", on=told.id)
        page = await dana.sees("Pay on Stripe's page", on=told.id)
    await pays(bench, page)
    paid = await dana.sees("arrived!", on=page.id)
    assert await movements(dana) == {named_points(paid.text)}


async def test_failing_to_make_the_customer_doesnt_last(bench: Bench) -> None:
    dana = await bench.customer()
    await bench.sim.fails("stripe", "POST /v1/customers", "500", times=1)
    told = await _wants_first_pack(dana)
    await dana.taps("Try again", on=told.id)
    await dana.sees("Pay on Stripe's page", on=told.id)


async def test_customer_object_is_made_once(bench: Bench) -> None:
    dana = await bench.customer()
    await bench.sim.fails("stripe", "POST /v1/customers", "lost", times=1)
    page = await order(dana)
    await pays(bench, page)
    await dana.sees("arrived!", on=page.id)
    made = {one.params["name"] for one in await bench.calls("POST /v1/customers")}
    assert len(made) == 1


async def test_looking_fails_and_the_money_comes_all_the_same(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await bench.sim.fails("stripe", "GET /v1/checkout/sessions/{session}", "500", times=3)
    await pays(bench, page)
    await dana.sees("arrived!", on=page.id, within=30)
    assert await balance(dana) > 0


async def _wants_first_pack(person: Person) -> Message:
    shop = await person.writes("/topup", shows="Top up")
    await person.taps(packs(shop)[0], on=shop.id)
    return await person.sees("Try again in a minute", on=shop.id, within=20)
