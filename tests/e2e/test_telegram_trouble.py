"""Telegram asks to wait, fails, loses answers; people block the bot. Nothing is lost and nothing happens twice."""

import pytest

from .client import Message, Person, eventually
from .conftest import Bench
from .reading import named_points
from .shop import balance, movements, order, pays


async def test_notice_waits_as_long_as_telegram_asks(bench: Bench) -> None:
    dana = await bench.customer(workspace="Patient Ltd")
    page = await order(dana)
    # Notices of what went before may still be on their way to the desk, one a second.
    await bench.sim.fails("telegram", "sendMessage", "429", retry_after=2, containing="Patient Ltd paid")
    await pays(bench, page)
    await bench.desk.owner.sees("Patient Ltd paid")
    (refused, sent) = [
        one for one in await bench.calls("sendMessage") if "Patient Ltd paid" in one.params["text"]
    ]
    assert (refused.status, sent.status) == (429, 200)


@pytest.mark.parametrize("kind", ["500", "drop"])
async def test_notice_comes_when_telegram_is_back(bench: Bench, kind: str) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await bench.sim.fails("telegram", "editMessageText", kind, times=2, containing=str(dana.id))
    await pays(bench, page)
    await dana.sees("arrived!", on=page.id, within=20)


async def test_notice_whose_answer_was_lost(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    bench.expected.append("message is not modified")
    await bench.sim.fails("telegram", "editMessageText", "lost", containing=str(dana.id))
    await pays(bench, page)
    paid = await dana.sees("arrived!", on=page.id)

    async def tried_again() -> bool:
        return any("not modified" in (one.error or "") for one in await bench.calls("editMessageText"))

    await eventually(tried_again, "a second try")
    assert await movements(dana) == {named_points(paid.text)}


@pytest.mark.parametrize("kind", ["429", "500", "drop", "lost", "truncated"])
async def test_a_message_is_answered_in_the_end(bench: Bench, kind: str) -> None:
    dana = await bench.customer()
    await bench.sim.fails("telegram", "sendMessage", kind, containing=str(dana.id))
    await dana.writes("/menu", shows="● active")
    assert await bench.sim.faults() == []


@pytest.mark.parametrize("kind", ["429", "500", "drop", "lost"])
async def test_a_tap_buys_once_whatever_becomes_of_its_answer(bench: Bench, kind: str) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await pays(bench, page)
    paid = named_points((await dana.sees("arrived!", on=page.id)).text)
    quote = await quoted(dana)
    cost = named_points(next(each.text for each in quote.buttons if "Add for" in each.text))
    if kind == "lost":
        bench.expected.append("message is not modified")
    await bench.sim.fails("telegram", "editMessageText", kind, containing=str(dana.id))
    await dana.taps("Add for", on=quote.id)
    await dana.sees("1 × Extra bot, paid until", on=quote.id)
    assert await balance(dana) == paid - cost
    assert await movements(dana) == {paid, -cost}


async def test_who_blocked_the_bot_is_left_alone_until_unblocked(bench: Bench) -> None:
    dana = await bench.customer(workspace="Silent Ltd")
    bench.expected.append("bot was blocked by the user")
    await bench.sim.post("/sim/block", {"user_id": dana.id, "blocked": True})
    await bench.desk.gives("Silent Ltd", "+10", "first gift")
    await bench.desk.gives("Silent Ltd", "+10", "second gift")
    await bench.sim.unanswered()
    tried = [
        one
        for one in await bench.calls("sendMessage")
        if one.params["chat_id"] in (dana.id, str(dana.id)) and one.status == 403
    ]
    assert len(tried) <= 1

    await bench.sim.post("/sim/block", {"user_id": dana.id, "blocked": False})
    assert await balance(dana) == 20
    await bench.desk.gives("Silent Ltd", "+10", "third gift")
    await dana.sees("third gift")


async def quoted(person: Person) -> Message:
    """The quote for a first extra bot, ready to confirm."""
    home = await person.writes("/addons", shows="Extra bot")
    await person.taps("Extra bot", on=home.id)
    return await person.taps("1", on=home.id)
