"""The partner's own limits, and named features (R20)."""

import pytest

from billing import delivery, usage, workspaces
from billing.access import DeskRole
from billing.catalogue import limits, set_price
from billing.errors import BadValueError, NotAllowedError
from billing.people import accept_invite, invite_admin
from storage import catalogue as rows
from storage.database import Tx
from tests.flows.conftest import World


async def labels(world: World) -> list[str]:
    return [card.label for card in await world.db.read(limits.limit_cards, world.partner_person)]


async def test_an_own_limit_is_counted_sold_and_pauses(world: World) -> None:
    """R20, R21: from its making to a customer who goes above it."""
    code = await world.at_desk(limits.add_limit, "Broadcasts à la carte", "counted")
    assert code == "broadcasts_a_la_carte"
    addon = await world.at_desk(limits.sell_limit, code, 10)
    await world.at_desk(set_price, addon, 1_000)
    world.addon["+10 Broadcasts à la carte"] = addon
    await world.give(10_000)
    await world.get("+10 Broadcasts à la carte", 2)

    await world.db.write(usage.report_usage, world.call(), world.workspace, {code: 21}, world.now)

    card = await world.db.read(workspaces.card, world.partner_person, world.workspace, world.now)
    (over,) = card.standing.over
    assert (over.label, over.used, over.allowance) == ("Broadcasts à la carte", 21, 20)
    assert card.reasons == {"limit"}


async def test_limits_of_the_same_letters_have_codes_of_their_own(world: World) -> None:
    codes = [await world.at_desk(limits.add_limit, label, "granted") for label in ("Ünits", "Units", "单位")]

    assert codes == ["units", "units_2", "limit"]


@pytest.mark.parametrize("label", ["", "  ", "x" * 65, "bots", "BOTS"])
async def test_a_label_that_says_nothing_new_is_refused(world: World, label: str) -> None:
    before = await labels(world)

    with pytest.raises(BadValueError):
        await world.at_desk(limits.add_limit, label, "counted")

    assert await labels(world) == before


async def test_a_call_that_comes_again_adds_no_second_one(world: World) -> None:
    """DESIGN 5.2."""
    call = world.call(world.partner_person)
    first = await world.db.write(limits.add_limit, call, "Broadcasts", "counted")

    assert await world.db.write(limits.add_limit, call, "Broadcasts", "counted") == first
    sold = await world.db.write(limits.sell_limit, call, first, 5)
    assert await world.db.write(limits.sell_limit, call, first, 5) == sold

    assert (await labels(world)).count("Broadcasts") == 1
    assert await world.sql("SELECT count(*) FROM addons WHERE limit_code = 'broadcasts'") == [(1,)]


async def test_a_renamed_limit_keeps_what_was_reported(world: World) -> None:
    await world.db.write(usage.report_usage, world.call(), world.workspace, {"bots": 1}, world.now)

    await world.at_desk(limits.rename_limit, "bots", "Chatbots")

    card = await world.db.read(workspaces.card, world.partner_person, world.workspace, world.now)
    assert next((each.label, each.used) for each in card.standing.limits) == ("Chatbots", 1)
    assert await world.sql("SELECT subject FROM audit WHERE action = 'rename_limit'") == [("Chatbots",)]


async def test_support_changes_no_limit(world: World) -> None:
    """R34."""
    support = await world.newcomer(101, "Sue")
    await world.at_desk(invite_admin, DeskRole.SUPPORT, "desk")
    await world.do(accept_invite, "desk", by=support)

    with pytest.raises(NotAllowedError):
        await world.do(limits.add_limit, "Broadcasts", "counted", by=support)


async def test_the_host_is_told_features_and_what_is_only_granted(world: World) -> None:
    """R20: named features, a timeout in seconds, and since when requests are counted."""

    def connect(tx: Tx) -> None:
        rows.lock_partner(tx, 1).host = "generic"

    await world.db.write(connect)
    await world.give(20_000)
    await world.get("Premium features", 1)
    await world.get("Request timeout +10 s", 2)

    (claimed,) = await world.db.write(delivery.claim, world.now)

    told = claimed.entitlements
    assert told.features == ("Premium features",)
    granted = {each.code: (each.value, each.counted, each.per_cycle) for each in told.allowances}
    assert granted["request_timeout"] == (20, False, False)
    assert granted["webhook_requests"] == (0, True, True)
    assert told.counts_from == world.now.date()


async def test_a_new_cycle_is_told_for_the_counting(world: World) -> None:
    def connect(tx: Tx) -> None:
        rows.lock_partner(tx, 1).host = "generic"

    await world.db.write(connect)
    world.turn(1, month=12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    (claimed,) = await world.db.write(delivery.claim, world.now)

    assert claimed.entitlements.counts_from == world.now.date()
