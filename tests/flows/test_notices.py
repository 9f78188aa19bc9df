"""Who is told what and when: every kind has its topic and its words, quiet hours, switched-off topics, blocked chats."""

import ast
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

import billing
from billing import adjust, catalogue, notices, pausing, people, preferences, workspaces
from billing.access import Role
from billing.call import Call
from billing.cycle import zone_named
from billing.errors import BadValueError, GoneError
from billing.notices import ANY_HOUR, TOPICS, Topic, after_quiet
from handlers.notices import writers
from storage import outbox
from storage.transaction import Tx
from tests.flows.conftest import BOT, OWNER_TELEGRAM, START, World
from tests.flows.stories import Story

BILL_TELEGRAM, VERA_TELEGRAM, NIGHT = 201, 202, dt.datetime(2026, 11, 9, 23, 30, tzinfo=dt.UTC)


async def due(world: World) -> list[tuple[str, str, dt.datetime]]:
    """To whom, of what kind and when: all that waits, in the order in which it will leave."""

    def read(tx: Tx) -> list[tuple[int, str, dt.datetime]]:
        from sqlalchemy import select

        from storage.models import OutboxMessage

        waiting = select(OutboxMessage.chat_id, OutboxMessage.kind, OutboxMessage.due_at)
        rows = waiting.where(OutboxMessage.status == "due").order_by(OutboxMessage.number)
        return [(row.chat_id, row.kind, row.due_at) for row in tx.conn.execute(rows)]

    names = dict(await world.sql("SELECT telegram_id, name FROM people"))
    return [(names[chat], kind, at) for chat, kind, at in await world.db.read(read)]


async def quieted(world: World) -> World:
    """At half past eleven in the evening, with no old post."""
    await Story(world).begin()
    world.now = NIGHT
    return world


_TELLERS = {
    "notices.tell": 3,
    "notices.tell_workspace": 4,
    "notices.tell_desk": 3,
    "notices.tell_each": 1,
    "outbox.Notice": 4,
    "outbox.put": 6,
}
"""Where each takes the kind."""


def queued_kinds() -> Iterator[tuple[str, str]]:
    """(file, kind) of every notice that billing/ queues, read from its source."""
    root = Path(billing.__file__).parent
    found = {path: ast.parse(path.read_text("utf-8")) for path in root.rglob("*.py")}
    functions = {
        str(path.relative_to(root)): [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for path, tree in found.items()
        if path.name != "notices.py"
    }
    passing = {name: _passing_on(each) for name, each in functions.items()}
    shared = {
        name: place for each in passing.values() for name, place in each.items() if not name.startswith("_")
    }
    for file, defined in functions.items():
        tellers = {**_TELLERS, **shared, **passing[file]}
        for function in defined:
            for value in _kinds(function, tellers):
                yield from ((file, kind) for kind in _texts(value, function))


def _passing_on(functions: list[ast.FunctionDef]) -> dict[str, int]:
    """Functions that are given a kind and pass it on are tellers themselves."""
    found = {}
    for function in functions:
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        passed = {value.id for value in _kinds(function, _TELLERS) if isinstance(value, ast.Name)}
        if "kind" in passed and "kind" in names:
            found[function.name] = names.index("kind")
    return found


def _kinds(tree: ast.AST, tellers: dict[str, int]) -> Iterator[ast.expr]:
    """What calls of the tellers give as the kind: by name, or at its place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (place := _place(node, tellers)) is not None:
            named = [keyword.value for keyword in node.keywords if keyword.arg == "kind"]
            yield from named or node.args[place : place + 1]


def _place(call: ast.Call, tellers: dict[str, int]) -> int | None:
    match call.func:
        case ast.Name(id=name):
            return tellers.get(name)
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return tellers.get(f"{owner}.{name}", tellers.get(name))
        case _:
            return None


def _texts(value: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    """The texts that an expression of a function can be, through its own variables."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body, function)
            yield from _texts(orelse, function)
        case ast.Name(id=name):
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and [getattr(each, "id", "") for each in node.targets] == [
                    name
                ]:
                    yield from _texts(node.value, function)


def test_every_kind_that_is_queued_has_a_topic_and_somebody_who_writes_it() -> None:
    found = {kind: file for file, kind in queued_kinds()}

    assert {"renewal", "paused", "resumed", "role", "order", "price", "mismatch"} <= found.keys()
    assert {kind: file for kind, file in found.items() if kind not in TOPICS} == {}
    assert {kind: file for kind, file in found.items() if kind not in writers()} == {}
    assert TOPICS.keys() == writers().keys()


@pytest.mark.parametrize(
    ("at", "quiet", "told"),
    [
        ("2026-11-09T21:59", (22, 8), "2026-11-09T21:59"),
        ("2026-11-09T22:00", (22, 8), "2026-11-10T08:00"),
        ("2026-11-10T07:59", (22, 8), "2026-11-10T08:00"),
        ("2026-11-10T08:00", (22, 8), "2026-11-10T08:00"),
        ("2026-11-10T13:10", (13, 15), "2026-11-10T15:00"),
        ("2026-11-10T12:59", (13, 15), "2026-11-10T12:59"),
        ("2026-11-10T03:00", (None, None), "2026-11-10T03:00"),
        ("2026-11-10T03:00", (5, 5), "2026-11-10T03:00"),
        # The night in which Berlin's clocks go forward, from 2 to 3 o'clock.
        ("2027-03-27T23:00", (22, 8), "2027-03-28T08:00"),
        ("2027-03-28T01:00", (1, 2), "2027-03-28T03:00"),
    ],
)
def test_quiet_hours_end_by_the_workspaces_clock(
    at: str, quiet: tuple[int | None, int | None], told: str
) -> None:
    berlin = zone_named("Europe/Berlin")

    found = after_quiet(dt.datetime.fromisoformat(at).replace(tzinfo=berlin), berlin, *quiet)

    assert found.astimezone(berlin).replace(tzinfo=None) == dt.datetime.fromisoformat(told)


async def test_money_and_pauses_come_at_night_and_the_rest_in_the_morning(world: World) -> None:
    """R36: quiet hours are from 22 to 8 unless somebody chose others."""
    await quieted(world)

    await world.give(1_000)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True)
    await world.member(VERA_TELEGRAM, "Vera", Role.VIEWER)

    assert await due(world) == [
        ("Dana", "adjusted", NIGHT),
        ("Dana", "paused", NIGHT),
        ("Dana", "joined", dt.datetime(2026, 11, 10, 8, tzinfo=dt.UTC)),
    ]


async def test_other_quiet_hours_or_none(world: World) -> None:
    await quieted(world)
    await world.do(preferences.set_quiet, 9, 9)
    await world.member(VERA_TELEGRAM, "Vera", Role.VIEWER)
    await world.do(preferences.set_quiet, 23, 10)
    await world.member(BILL_TELEGRAM, "Bill", Role.BILLING)

    assert [at.hour for who, _, at in await due(world) if who == "Dana"] == [23, 10]
    with pytest.raises(BadValueError):
        await world.do(preferences.set_quiet, 22, 24)


async def test_a_topic_is_switched_off_but_never_money(world: World) -> None:
    """R36: and a button that says otherwise is a forged one."""
    await quieted(world)
    await world.do(preferences.set_topic, Topic.PEOPLE, on=False)
    await world.member(VERA_TELEGRAM, "Vera", Role.VIEWER)
    assert await due(world) == []
    await world.do(preferences.set_topic, Topic.PEOPLE, on=True)
    await world.member(BILL_TELEGRAM, "Bill", Role.VIEWER)
    assert [kind for _, kind, _ in await due(world)] == ["joined"]

    for topic in (*ANY_HOUR, Topic.ACCESS, Topic.TROUBLE, "anything"):
        with pytest.raises(GoneError):
            await world.do(preferences.set_topic, topic, on=False)


async def test_a_price_rise_is_told_to_owners_and_billing_at_any_hour(world: World) -> None:
    """R6: before it is charged; viewers don't pay."""
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await world.member(BILL_TELEGRAM, "Bill", Role.BILLING)
    await world.member(VERA_TELEGRAM, "Vera", Role.VIEWER)
    await quieted(world)

    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 4_000)

    assert sorted(await due(world)) == [("Bill", "price", NIGHT), ("Dana", "price", NIGHT)]


async def test_a_workspace_that_nobody_has_joined_is_the_partners_to_tell(world: World) -> None:
    """R36: told to those of the desk who didn't do it themselves."""
    await quieted(world)
    made = await world.at_desk(workspaces.create, "Blue Oak", 1, "UTC", START.date())
    await world.at_desk(adjust.adjust, made.id, 500, "welcome")
    assert await due(world) == []

    def tell(tx: Tx) -> None:
        for number in range(3):
            call = Call(world.now, f"tick:{number}", BOT)
            notices.tell_workspace(tx, call, 1, made.id, "topup", {})

    await world.db.write(tell)

    assert [(who, kind) for who, kind, _ in await due(world)] == [("Pat", "desk_unreachable")]


async def test_one_who_can_be_reached_is_enough(world: World) -> None:
    """R36: the partner is told when the last one is lost, not before; and of nothing but money and pauses."""
    await world.member(BILL_TELEGRAM, "Bill", Role.BILLING)
    await world.member(VERA_TELEGRAM, "Vera", Role.VIEWER)
    told = await Story(world).begin()
    told.blocked.add(OWNER_TELEGRAM)
    await world.give(500)
    await told.tick()
    assert told.post() == [("Bill", "adjusted")]

    told.blocked.add(BILL_TELEGRAM)
    await world.give(500)
    await told.tick()

    assert told.post()[1:] == [("Pat", "desk_unreachable")]
    await world.give(500)
    await told.tick()
    assert told.post()[2:] == []


async def test_what_waits_for_the_morning_is_lost_with_a_block(world: World) -> None:
    """Nothing stale for who comes back, and nothing for the desk: it was neither money nor a pause."""
    told = await Story(world).begin()
    world.now = NIGHT
    await world.member(VERA_TELEGRAM, "Vera", Role.VIEWER)
    await world.db.write(notices.chat_blocked, world.call(), OWNER_TELEGRAM)

    await told.until(11, 10, 9)

    assert told.post() == []


async def test_notices_of_one_instant_leave_in_the_order_they_were_made(world: World) -> None:
    """Their ids are drawn, and their order isn't."""
    await Story(world).begin()
    kinds = [f"kind-{number}" for number in range(30)]

    def tell(tx: Tx) -> None:
        for kind in kinds:
            notices.tell_workspace(tx, Call(world.now, "one cause", BOT), 1, world.workspace, kind, {})

    await world.db.write(tell)
    await world.db.write(tell)  # replayed

    sent = []
    while messages := await world.db.write(outbox.claim_due, BOT, world.now, 50):
        sent += [message.kind for message in messages]
        for message in messages:
            await world.db.write(outbox.mark_sent, BOT, message.id, world.now)
    assert sent == kinds


async def test_a_removed_member_is_told_of_it(world: World) -> None:
    """R34: whatever they switched off, by their own quiet hours."""
    vera = await world.member(VERA_TELEGRAM, "Vera", Role.VIEWER)
    await quieted(world)
    await world.do(people.remove_member, world.workspace, vera)

    assert await due(world) == [("Vera", "removed", dt.datetime(2026, 11, 10, 8, tzinfo=dt.UTC))]
