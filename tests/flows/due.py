"""A desk with many different workspaces, in every state that a renewal can find them in."""

import datetime as dt
import random
from dataclasses import replace
from typing import Any

from billing import adjust, catalogue, closing, dating, pausing, usage, workspaces
from billing.access import Role
from billing.addons import request_removal, set_renews, set_units_from_desk
from billing.errors import BillingError
from storage import workspaces as rows
from storage.database import Tx
from tests.flows.conftest import World

BEGAN = dt.datetime(2026, 10, 29, 9, tzinfo=dt.UTC)
DAYS = 32
_ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Pago_Pago", "Africa/Cairo")


async def fill(world: World, count: int, seed: int) -> None:
    """Over some weeks, workspaces come and their people do what people do. The world then stands at their end."""
    dice = random.Random(seed)
    labels = list(world.addon)
    world.now = BEGAN - dt.timedelta(days=1)
    await world.at_desk(catalogue.set_price, world.addon[labels[4]], 0)
    await world.at_desk(catalogue.set_whole_cycles, world.addon[labels[1]], whole_cycles=True)
    made: list[tuple[World, int]] = []
    for day in range(DAYS):
        world.now = BEGAN + dt.timedelta(days=day)
        if day == 10:
            await world.at_desk(catalogue.set_price, world.addon[labels[0]], 3_333)
            await world.at_desk(catalogue.set_price, world.addon[labels[2]], 777)
        if day < 20:
            for _ in range(count // 20):
                made.append((await _newcomer(world, dice, len(made)), 0))
        for place, _ in made:
            place.now = world.now
            if dice.random() < 0.12:
                await _something(place, dice, labels)
    for number, (place, _) in enumerate(made):
        await place.db.write(_mark, place.workspace, number)


async def _newcomer(world: World, dice: random.Random, number: int) -> World:
    anchor = dt.date(2026, 10, 1) + dt.timedelta(days=dice.choice((0, 1, 20, 27, 28, 29, 30)))
    plans = await world.db.read(workspaces.plans, world.partner_person)
    plan = dice.choice(plans)[0].id
    zone = dice.choice(_ZONES)
    workspace = (await world.at_desk(workspaces.create, f"Überfirma {number}", plan, zone, anchor)).id
    place = replace(world, workspace=workspace, addon=world.addon)
    if number % 11:
        place.owner = await place.member(5_000 + number, "Dana", Role.OWNER)
    if number % 3 == 0:
        await place.member(7_000 + number, "Kim", dice.choice((Role.BILLING, Role.VIEWER)))
    await place.give(dice.choice((2_000, 9_000, 50_000, 90_000, 90_000, 90_000)))
    for label in dice.sample(list(world.addon), dice.choice((0, 1, 1, 2, 3))):
        await _units(place, label, dice.choice((1, 2, 5)))
    return place


async def _something(place: World, dice: random.Random, labels: list[str]) -> None:
    """One thing that somebody does; what is refused was not done."""
    label = dice.choice(labels)
    addon = place.addon[label]
    what = dice.randrange(14)
    if what < 6:
        await _units(place, label, dice.choice((0, 1, 2, 3)), refund=dice.random() < 0.7)
    elif what == 6:
        await _try(place.do, set_renews, place.workspace, addon, renews=False)
    elif what == 7 and dice.random() < 0.5:
        anchor = place.now.date() + dt.timedelta(days=dice.choice((3, 9, 15, 40)))
        await _try(place.at_desk, dating.set_renewal_date, place.workspace, anchor)
    elif what == 8:
        await _try(place.at_desk, dating.set_zone, place.workspace, dice.choice(_ZONES))
    elif what == 9:
        used = {"bots": dice.choice((0, 1, 2, 4)), "webhook_requests": dice.choice((0, 900))}
        limits = await place.sql("SELECT code FROM limits WHERE counted")
        known = {code for (code,) in limits}
        reported = {code: value for code, value in used.items() if code in known}
        reported[sorted(known)[dice.randrange(len(known))]] = dice.choice((0, 1, 800, 4_000))
        await place.db.write(usage.report_usage, place.call(), place.workspace, reported, place.now)
    elif what == 10:
        await _try(place.at_desk, adjust.adjust, place.workspace, -60_000, "taken back", accept_debt=True)
    elif what == 11 and dice.random() < 0.4:
        await _try(place.at_desk, pausing.set_manual_pause, place.workspace, paused=True)
    elif what == 12 and dice.random() < 0.3:
        await _try(place.do, closing.close, place.workspace)
    else:
        await _try(place.do, request_removal, place.workspace, addon, 0)


async def _units(place: World, label: str, units: int, *, refund: bool = True) -> None:
    addon = place.addon[label]
    await _try(
        place.at_desk, set_units_from_desk, place.workspace, addon, units, refund=refund, accept_over=True
    )


async def _try(do: Any, *args: Any, **kwargs: Any) -> None:
    try:
        await do(*args, **kwargs)
    except BillingError:
        return


def _mark(tx: Tx, workspace_id: int, number: int) -> None:
    """What other parts of the product bring about."""
    found = rows.lock(tx, workspace_id)
    assert found is not None
    workspace, _ = found
    if number % 13 == 5:
        workspace.paused_unpaid = True
    if number % 17 == 3:
        workspace.plan_id = None
    states = rows.addon_states(tx, workspace.partner_id, workspace_id)
    if number % 5 == 2:
        for rank, state in enumerate(reversed(states)):
            state.keep_rank = rank
