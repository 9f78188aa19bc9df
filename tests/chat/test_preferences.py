"""Language and notices: the screen, its buttons, typed hours; groups see nothing (R36)."""

import pytest

from billing.notices import Topic
from billing.preferences import preferences
from handlers.customer import buttons
from handlers.customer.preferences import typed_hours

from .people import Person
from .world import World


async def test_the_screen_says_what_always_comes_and_what_can_be_chosen(dana: Person) -> None:
    await dana.sends("/notices")

    assert (
        dana.screen
        == """\
Language and notices
Language  English
It is the only one so far. Numbers and dates follow your Telegram's language.

Money and pauses: always, at any hour, to every owner and billing person.
Quiet hours  22:00 to 8:00 by the workspace's clock. What isn't about money or pauses waits.
[ ✓ Renewals that your points cover ]
[ ✓ Limits that are nearly full ]
[ ✓ Who joins ]
[ 22–8 ✓ ] [ 21–9 ] [ No quiet hours ]
[ Other quiet hours ]
[ Menu ]"""
    )


async def test_a_topic_goes_off_and_on_again(market: World, dana: Person) -> None:
    """R13: the button names what will be, so pressing twice changes nothing."""
    await dana.sends("/notices")
    first = dana.shown
    await dana.taps("Who joins")
    assert "○ Who joins" in dana.buttons
    await dana.taps("Who joins", on=first)
    assert "○ Who joins" in dana.buttons

    await dana.taps("Who joins")

    found = await market.db.read(preferences, await market.person_id(dana))
    assert dict(found.topics)[Topic.PEOPLE] is True


async def test_quiet_hours_are_chosen_or_typed(dana: Person) -> None:
    await dana.sends("/notices")
    await dana.taps("No quiet hours")
    assert "Quiet hours  none" in dana.screen
    await dana.taps("21–9")
    assert "21–9 ✓" in dana.buttons

    await dana.taps("Other quiet hours")
    await dana.sends("never")
    assert "That isn't two different hours of the day." in dana.screen
    await dana.sends("23:00 to 7")

    assert "Quiet hours  23:00 to 7:00 by the workspace's clock." in dana.screen


async def test_leaving_the_question_leaves_the_hours(dana: Person) -> None:
    await dana.sends("/notices")
    await dana.taps("Other quiet hours")
    await dana.taps("Cancel")
    await dana.sends("1-5")

    assert "Quiet hours" not in dana.screen
    await dana.sends("/notices")
    assert "22:00 to 8:00" in dana.screen


async def test_a_viewer_reads_that_others_are_told(vic: Person) -> None:
    await vic.sends("/notices")

    assert "You look on, so nothing else is sent to you." in vic.screen
    assert "✓ Who joins" not in vic.buttons


async def test_the_partners_people_choose_too(nora: Person) -> None:
    await nora.sends("/settings")
    await nora.taps("Your notices")

    assert nora.buttons[:3] == [
        "✓ Customers' requests to remove",
        "✓ Customers' payments",
        "✓ Customers' pauses, lapses and owners",
    ]
    await nora.taps("Customers' payments")
    assert "○ Customers' payments" in nora.buttons
    await nora.taps("Menu")
    assert "Northwind Chat" in nora.screen


async def test_a_stranger_is_greeted_and_nothing_else(stranger: Person) -> None:
    """R34: also on buttons that were forged."""
    await stranger.sends("/notices")
    assert stranger.screen == (
        "This bot belongs to Northwind Chat's customers.\nIf you are one, open the invite link you were sent."
    )


@pytest.mark.parametrize(("topic", "on"), [("money", False), ("pauses", False), ("desk_trouble", False)])
async def test_money_can_not_be_switched_off(market: World, dana: Person, topic: str, on: bool) -> None:
    await dana.sends("/notices")
    await dana.presses(buttons.SetTopic(topic=topic, on=on))

    rows = await market.db.read(preferences, await market.person_id(dana))
    assert all(chosen for _, chosen in rows.topics)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("22-8", (22, 8)),
        (" 22:00 – 08:00 ", (22, 8)),
        ("22 to 8", (22, 8)),
        ("24-6", (0, 6)),
        ("22 8", (22, 8)),
        ("8-8", None),
        ("25-8", None),
        ("22", None),
        ("ten to eight", None),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, hours: tuple[int, int] | None) -> None:
    assert typed_hours(text) == hours


@pytest.mark.parametrize(
    "command", ["/menu", "/points", "/topup", "/history", "/notices", "/autotopup", "/plan"]
)
async def test_a_group_sees_only_the_way_into_private(market: World, dana: Person, command: str) -> None:
    """R36: whatever the command, no name, no number."""
    await dana.sends(command, in_group=-100)

    shown = market.telegram.last_shown(-100)
    assert str(shown) == "I only talk about points in private.\n[ Open privately ]"
