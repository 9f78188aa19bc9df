"""A call that is handled again after a crash: no error, nothing more done (DESIGN 5.2)."""

from collections.abc import Callable
from typing import Any

import pytest

from billing import addons, adjust, catalogue, orders, pausing, people, usage, workspaces
from billing.access import Role
from billing.money import Money
from billing.orders import Choice
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import START, World
from tests.flows.test_orders import TERMS

# What is checked is whether a call knows itself again; where rivals meet is test_concurrency's.
pytestmark = pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)

AT_DESK: dict[str, tuple[Any, Callable[[World], tuple[Any, ...]], dict[str, Any]]] = {
    "adjust": (adjust.adjust, lambda w: (w.workspace, 100, "gift"), {}),
    "undo an adjustment": (adjust.undo, lambda w: (w.workspace, 1), {"accept_debt": True}),
    "price": (catalogue.set_price, lambda w: (w.addon["Extra bot"], 4_000), {}),
    "label": (catalogue.set_label, lambda w: (w.addon["Extra bot"], "One bot more"), {}),
    "off sale": (catalogue.set_on_sale, lambda w: (w.addon["Extra bot"],), {"on_sale": False}),
    "whole cycles": (
        catalogue.set_whole_cycles,
        lambda w: (w.addon["Extra member"],),
        {"whole_cycles": True},
    ),
    "new pack": (catalogue.save_pack, lambda w: (None, 100, 0, Money(900, "USD")), {}),
    "changed pack": (catalogue.save_pack, lambda w: (1, 100, 0, Money(900, "USD")), {}),
    "moved pack": (catalogue.move_pack, lambda w: (2, 0), {}),
    "retired pack": (catalogue.retire_pack, lambda w: (1,), {}),
    "starter packs": (catalogue.starter_packs, lambda w: (), {}),
    "suggested prices": (catalogue.suggest_prices, lambda w: (), {}),
    "point price": (catalogue.set_point_price, lambda w: ("EUR", "0.9"), {}),
    "no point price": (catalogue.drop_point_price, lambda w: ("USD",), {}),
    "credit billing": (catalogue.set_credit_billing, lambda w: (), {"on": False}),
    "name": (catalogue.set_partner_name, lambda w: ("Southwind",), {}),
    "may remove": (catalogue.set_customers_may_remove, lambda w: (), {"may": False}),
    "removal date": (catalogue.set_charge_removal_date, lambda w: (), {"on": True}),
    "pause": (pausing.set_manual_pause, lambda w: (w.workspace,), {"paused": True}),
    "usage": (usage.report_by_hand, lambda w: (w.workspace, "bots", 5), {}),
    "workspace": (workspaces.create, lambda w: ("Blue Oak", 1, "UTC", START.date()), {}),
    "units": (
        addons.set_units_from_desk,
        lambda w: (w.workspace, w.addon["Extra bot"], 1),
        {"refund": True},
    ),
    "undo": (addons.undo_from_desk, lambda w: (w.workspace, w.addon["Extra bot"], 1), {}),
}
BY_OWNER: dict[str, tuple[Any, Callable[[World], tuple[Any, ...]], dict[str, Any]]] = {
    "buy": (addons.set_units, lambda w: (w.workspace, w.addon["Extra bot"], 3, 3_000), {}),
    "undo": (addons.undo, lambda w: (w.workspace, w.addon["Extra bot"], 1), {}),
    "renews": (addons.set_renews, lambda w: (w.workspace, w.addon["Extra bot"]), {"renews": False}),
    "remember": (addons.remember_purchase, lambda w: (w.workspace, w.addon["Extra bot"], 9), {}),
    "forget": (addons.forget_purchase, lambda w: (w.workspace, w.addon["Extra bot"]), {}),
    "request": (addons.request_removal, lambda w: (w.workspace, w.addon["Extra bot"], 0), {}),
    "withdraw": (addons.withdraw_request, lambda w: (w.workspace, w.addon["Extra bot"]), {}),
    "order": (orders.place, lambda w: (w.workspace, Choice(1), TERMS, 200, 7), {}),
    "role": (people.set_role, lambda w: (w.workspace, w.partner_person, Role.OWNER), {}),
    "remove": (people.remove_member, lambda w: (w.workspace, w.partner_person), {}),
    "look": (people.look_at, lambda w: (w.workspace,), {}),
}
TABLES = (
    "postings",
    "addon_changes",
    "addon_prices",
    "packs",
    "point_prices",
    "billing_switches",
    "audit",
    "outbox",
    "workspaces",
    "orders",
    "members",
    "purchase_intents",
    "removal_requests",
)


async def counts(world: World) -> dict[str, int]:
    return {table: (await world.sql(f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES}


async def prepared(world: World) -> None:
    """Two bots bought a moment ago, the partner's Pat a member."""
    await world.give(30_000)
    await world.get("Extra bot", 2)
    await world.at_desk(people.invite_from_desk, world.workspace, Role.VIEWER, "pat")
    await world.do(people.accept_invite, "pat", by=world.partner_person)


@pytest.mark.parametrize("name", AT_DESK)
async def test_at_the_desk(world: World, name: str) -> None:
    await prepared(world)
    use_case, arguments, options = AT_DESK[name]
    await handled_twice(world, world.partner_person, use_case, arguments(world), options)


@pytest.mark.parametrize("name", BY_OWNER)
async def test_by_the_owner(world: World, name: str) -> None:
    await prepared(world)
    use_case, arguments, options = BY_OWNER[name]
    await handled_twice(world, world.owner, use_case, arguments(world), options)


async def handled_twice(
    world: World, person: int, use_case: Any, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    tap = world.call(person, "tap:once")
    await world.db.write(use_case, tap, *arguments, **options)
    after_once, balance = await counts(world), await world.balance()

    await world.db.write(use_case, tap, *arguments, **options)

    assert (await counts(world), await world.balance()) == (after_once, balance)
    await assert_books_balance(world)
