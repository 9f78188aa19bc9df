"""Whatever somebody sends is answered: pictures, voices, stickers, changed messages, with a question pending or not."""

import itertools
from typing import Any

import pytest
from aiogram.types import Document, Location, Message, PhotoSize, Sticker, Update, User, Voice

from billing.access import Role

from .people import Person
from .world import World

_numbers = itertools.count(1_000_000)
KINDS: dict[str, dict[str, Any]] = {
    "photo": {"photo": [PhotoSize(file_id="f", file_unique_id="u", width=9, height=9)], "caption": "30"},
    "sticker": {
        "sticker": Sticker(
            file_id="f",
            file_unique_id="u",
            type="regular",
            width=9,
            height=9,
            is_animated=False,
            is_video=False,
            emoji="🤖",
        )
    },
    "voice": {"voice": Voice(file_id="f", file_unique_id="u", duration=3)},
    "file": {"document": Document(file_id="f", file_unique_id="u")},
    "text": {"text": "hello?"},
    "emoji": {"text": "🤖"},
    "unknown command": {"text": "/nonsense 5"},
}


async def sends(world: World, person: Person, *, edited: bool = False, **content: Any) -> int:
    """Any message, new or changed; answers how many messages came back."""
    before = person.messages
    message = Message(
        message_id=world.telegram.next_message_id(),
        date=world.clock.now(),
        chat=world.telegram.chat(person.id),
        from_user=User(id=person.id, is_bot=False, first_name=person.name, language_code="en"),
        **content,
    )
    update = Update(
        update_id=next(_numbers),
        message=None if edited else message,
        edited_message=message if edited else None,
    )
    await world.feed(update)
    return person.messages - before


@pytest.mark.parametrize("kind", KINDS)
async def test_anything_is_answered_with_the_first_screen(market: World, dana: Person, kind: str) -> None:
    assert await sends(market, dana, **KINDS[kind]) == 1
    assert dana.screen.startswith("Acme Support")
    assert "Top up" in dana.buttons


@pytest.mark.parametrize("kind", ["photo", "sticker", "voice"])
async def test_what_is_no_answer_leaves_the_question_open(market: World, dana: Person, kind: str) -> None:
    """Nobody means a picture's words, or loses the question by it."""
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("other")

    assert await sends(market, dana, **KINDS[kind]) == 1
    assert dana.screen.startswith("Acme Support")

    await dana.sends("3")
    assert "3 × Extra bot" in dana.screen


async def test_an_answer_after_its_question_was_left_changes_nothing(market: World, dana: Person) -> None:
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("other")
    await dana.sends("/menu")

    await dana.sends("3")

    assert dana.screen.startswith("Acme Support")
    assert await market.balance(market.acme) == 14_250


async def test_a_changed_message_is_answered_and_acts_once(market: World, nora: Person) -> None:
    """R31: points that were given are not given again by mending the reason."""
    text = f"/points {market.acme} +50 welcome"
    await nora.sends(text)

    assert await sends(market, nora, edited=True, text=f"{text} bonus") == 1

    assert "isn't read again: send a new one" in nora.screen
    assert await market.balance(market.acme) == 14_250 + 5_000


async def test_a_moving_map_point_is_left_alone(market: World, dana: Person) -> None:
    await dana.sends("/menu")
    assert await sends(market, dana, edited=True, location=Location(latitude=1, longitude=2)) == 0


async def test_a_stranger_who_changes_a_message_is_greeted(market: World, stranger: Person) -> None:
    """R34."""
    assert await sends(market, stranger, edited=True, text="let me in") == 1
    assert "This bot belongs to Northwind Chat" in stranger.screen
    assert stranger.buttons == []


async def test_who_works_at_the_desk_and_owns_a_workspace_is_understood_in_both(
    market: World, nora: Person
) -> None:
    """A customer's question is not the desk's, though both ask for points and units."""
    await market.join(nora, market.acme, Role.BILLING)
    await nora.sends("/menu")
    await nora.taps("Add-ons")
    await nora.taps("Extra bot")
    await nora.taps("other")
    await nora.sends("3")
    assert "3 × Extra bot" in nora.screen

    await nora.sends("/menu")
    await nora.taps("Top up")
    await nora.taps("Exact amount")
    await nora.sends("12.5")
    assert "12.5 points" in nora.screen
