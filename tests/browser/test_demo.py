"""The README's three steps, clicked by a newcomer on a desk and on a phone."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from .visitor import Visitor


def sells(visitor: Visitor) -> None:
    """The partner's checklist, from Start to the first workspace's link."""
    visitor.starts("partner")
    visitor.sees("partner", "not selling yet")
    for step in ("Switch credit billing on", "Start with three packs", "Use suggested prices", "Save"):
        visitor.presses("partner", step)
    visitor.sees("partner", "● selling")
    visitor.presses("partner", "Workspaces")
    visitor.presses("partner", "New workspace")
    visitor.writes("partner", "Acme Support")
    visitor.sees("partner", "Which plan?")
    for answer in ("Business Lite", "UTC", "Today"):
        visitor.presses("partner", answer)


def joins(visitor: Visitor) -> None:
    """The customer opens the link."""
    visitor.sees("partner", "It works once")
    visitor.presses("partner", "Copy the link")
    visitor.page.get_by_role("button", name="Open as Dana").click()
    visitor.sees("customer", "Welcome to Acme Support")


def tops_up(visitor: Visitor, pack: str, card: str | None = None) -> None:
    """A pack, on Stripe's page over the chat."""
    visitor.presses("customer", "Top up")
    visitor.presses("customer", pack)
    visitor.sees("customer", "Pay on Stripe's page")
    visitor.presses("customer", "Pay ")
    page = visitor.checkout()
    if card is not None:
        page.locator(f"[data-number='{card}']").click()
    page.locator("#card button[name=action]").click()


def buys_bot(visitor: Visitor) -> None:
    visitor.presses("customer", "Add-ons")
    visitor.presses("customer", "Extra bot")
    visitor.presses("customer", "1")
    visitor.presses("customer", "Add for")
    visitor.sees("customer", "1 × Extra bot, paid until")


def uses(visitor: Visitor, limit: str, value: int) -> None:
    """Turn a usage slider of the host platform."""
    usage = visitor.opens_world("usage")
    slider = usage.get_by_label(f"{limit}, used")
    slider.evaluate(
        "(node, value) => { node.max = Math.max(node.max, value); node.value = value;"
        " node.dispatchEvent(new Event('input')); }",
        value,
    )


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_newcomers_story(request: pytest.FixtureRequest, screen: str, pictures: Path) -> None:
    visitor: Visitor = request.getfixturevalue(screen)
    sells(visitor)
    visitor.picture(pictures / f"story-{screen}-partner.png")
    joins(visitor)

    tops_up(visitor, "50 points")
    expect(visitor.checkout().get_by_text("Paid")).to_be_visible()
    expect(visitor.page.locator(".webview-frame")).to_have_count(0)
    visitor.sees("customer", "50 points arrived!")
    visitor.picture(pictures / f"story-{screen}-paid.png")
    visitor.presses("customer", "Menu")
    buys_bot(visitor)

    uses(visitor, "Members", 9)
    visitor.sees("customer", "Members: 9 of 5")
    expect(visitor.opens_world("usage").locator(".badge", has_text="paused")).to_be_visible()
    visitor.picture(pictures / f"story-{screen}-paused.png")
    uses(visitor, "Members", 2)
    expect(visitor.opens_world("usage").locator(".badge", has_text="paused")).to_be_hidden()
    visitor.sees("customer", "Running again")

    visitor.at("world").get_by_role("button", name="+1 month").click()
    visitor.sees("customer", "renewed")
    visitor.writes("customer", "/history")
    visitor.sees("customer", "Renewed 1 × Extra bot")
    visitor.picture(pictures / f"story-{screen}-renewed.png")
    visitor.finds_nothing_wrong()


def test_declined_card_leaves_the_page_open(desktop: Visitor) -> None:
    sells(desktop)
    joins(desktop)
    tops_up(desktop, "10 points", card="4000000000000002")
    expect(desktop.checkout().locator(".alert")).to_contain_text("declined")
    desktop.checkout().locator("[data-number='4242424242424242']").click()
    desktop.checkout().locator("#card button[name=action]").click()
    desktop.sees("customer", "10 points arrived!")
    desktop.finds_nothing_wrong()


def test_pictures_for_the_readme(desktop: Visitor, phone: Visitor, readme_pictures: Path) -> None:
    """A shop in use, seen from the desk and from a phone."""
    sells(desktop)
    joins(desktop)
    tops_up(desktop, "50 points")
    desktop.sees("customer", "50 points arrived!")
    expect(desktop.page.locator(".webview-frame")).to_have_count(0)
    desktop.presses("customer", "Menu")
    buys_bot(desktop)
    for limit, value in (("Bots", 2), ("Members", 4), ("Bot users", 9_450)):
        uses(desktop, limit, value)
    expect(desktop.opens_world("usage").get_by_label("Bot users", exact=True)).to_have_value("9450")
    desktop.page.wait_for_timeout(3_000)  # until the platform has confirmed
    desktop.writes("customer", "/menu")
    desktop.sees("customer", "9,450 of 10,000")
    desktop.writes("partner", "/partner")
    desktop.sees("partner", "Last 24 hours")

    desktop.picture(readme_pictures / "customer.png", "customer")
    desktop.picture(readme_pictures / "partner.png", "partner")
    phone.sees("customer", "9,450 of 10,000")
    phone.page.get_by_role("button", name="Close this help").click()
    phone.picture(readme_pictures / "phone.png")

    desktop.writes("customer", "/autotopup")
    desktop.presses("customer", "Turn on")
    desktop.presses("customer", "50 points")
    desktop.presses("customer", "Agree and save a card")
    desktop.presses("customer", "Open Stripe's page")
    desktop.checkout().locator("#card button[name=action]").click()
    # Stripe's page leads back with /start, which is answered below the message that changed by itself.
    expect(desktop.page.locator(".webview-frame")).to_have_count(0)
    desktop.sees("customer", "✓ Card saved.")
    desktop.picture(readme_pictures / "autotopup.png", "customer")
    uses(desktop, "Members", 9)
    desktop.sees("customer", "Members: 9 of 5")
    desktop.presses("customer", "Get going again")
    desktop.sees("customer", "4 × Extra member")
    desktop.picture(readme_pictures / "rescue.png", "customer")
    for name in ("customer", "partner", "phone", "autotopup", "rescue"):
        assert (readme_pictures / f"{name}.png").stat().st_size > 10_000
