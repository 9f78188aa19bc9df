"""Remembered purchases: the customer is told what became of each (R12)."""

import json

import pytest

from billing import addons, catalogue
from storage import catalogue as rows
from storage.transaction import Tx
from tests.flows.conftest import World


async def outcomes(world: World) -> list[tuple[str, str]]:
    ((params,),) = await world.sql("SELECT params FROM outbox WHERE kind = 'adjusted'")
    said = params if isinstance(params, dict) else json.loads(params)
    return [(label, outcome) for _, label, _, outcome, _ in said["bought"]]


def _stop_charges(tx: Tx) -> None:
    partner = rows.partner(tx, 1)
    assert partner is not None
    partner.stripe_charges = False


@pytest.mark.parametrize("switch", ["credit billing", "Stripe"])
async def test_points_that_arrive_while_nothing_is_sold_say_so(world: World, switch: str) -> None:
    """R12, R26: the price has not changed."""
    await world.do(addons.remember_purchase, world.workspace, world.addon["Extra bot"], 1)
    if switch == "Stripe":
        await world.db.write(_stop_charges)
    else:
        await world.at_desk(catalogue.set_credit_billing, on=False)

    await world.give(5_000)

    assert await outcomes(world) == [("Extra bot", "off")]
    assert await world.balance() == 5_000


async def test_a_price_that_rose_is_the_reason_also_while_nothing_is_sold(world: World) -> None:
    """R12."""
    await world.do(addons.remember_purchase, world.workspace, world.addon["Extra bot"], 1)
    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 9_000)
    await world.at_desk(catalogue.set_credit_billing, on=False)

    await world.give(5_000)

    assert await outcomes(world) == [("Extra bot", "price")]
