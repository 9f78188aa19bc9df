"""The clock's "Let a year pass": twelve workspaces, and the accountant's verdict on the page (R1-R18, R29)."""

import re

from playwright.sync_api import expect

from .conftest import PHONE
from .visitor import Visitor

A_YEAR = 240_000
"""Milliseconds that a year may take on a busy machine."""


def test_a_year_passes_and_the_books_agree(desktop: Visitor) -> None:
    desktop.starts("partner")
    desktop.sees("partner", "Northwind")
    desktop.at("world").get_by_role("button", name="Let a year pass").click()
    dialog = desktop.page.get_by_role("dialog", name="A year in the life")
    dialog.get_by_role("button", name="Let it pass").click()
    expect(dialog.get_by_role("progressbar")).to_be_visible()
    verdict = dialog.locator(".year-verdict")
    expect(verdict).to_be_visible(timeout=A_YEAR)
    expect(verdict).to_have_text(re.compile(r"^✓ All 12 books agree"))
    expect(dialog.locator("tbody tr.same")).to_have_count(12)
    expect(dialog.get_by_role("cell", name="America/St Johns")).to_be_visible()
    desktop.page.set_viewport_size(PHONE)
    too_wide = "document.documentElement.scrollWidth > innerWidth || document.querySelector('.dialog-year').scrollWidth > innerWidth"
    assert not desktop.page.evaluate(too_wide)
    dialog.get_by_role("button", name="Close").click()
    desktop.finds_nothing_wrong()


def test_without_a_partner_the_year_says_what_is_missing(desktop: Visitor) -> None:
    desktop.at("world").get_by_role("button", name="Let a year pass").click()
    dialog = desktop.page.get_by_role("dialog", name="A year in the life")
    dialog.get_by_role("button", name="Let it pass").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog).to_contain_text("press Start in the partner's chat first")
