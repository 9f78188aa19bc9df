"""What a partner types too long is refused with the limit, never silently cut."""

from .people import Person
from .world import World


async def test_a_workspace_name_that_is_too_long_is_asked_for_again(nora: Person, market: World) -> None:
    await nora.sends("/workspaces")
    await nora.taps("New workspace")

    await nora.sends("x" * 5_000)

    assert "64" in nora.screen
    await nora.sends("Beta")
    assert "Which plan?" in nora.screen


async def test_a_reason_that_is_too_long_moves_no_points(nora: Person, market: World) -> None:
    before = await market.balance(market.acme)

    await nora.sends(f"/points {market.acme} +5 {'y' * 300}")

    assert "200" in nora.screen
    assert await market.balance(market.acme) == before
