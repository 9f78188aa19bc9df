"""Somebody at the demo's page: looks, clicks what can be read, and minds what the browser complains about."""

import re
from pathlib import Path

from playwright.sync_api import ConsoleMessage, FrameLocator, Locator, Page, expect

PATIENCE = 15_000
"""Milliseconds that anything may take on a busy machine."""


class Visitor:
    """`complaints` gathers console errors, policy violations and exceptions of the page and its frames."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        expect.set_options(timeout=PATIENCE)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def arrives(self) -> None:
        self.page.goto(self.address)

    def at(self, pane: str) -> Locator:
        """The area "partner", "customer" or "world", brought into view where there is one at a time."""
        tab = self.page.locator(f".tab[data-name={pane}]")
        if tab.is_visible():
            tab.click()
        found = self.page.locator("#world" if pane == "world" else f"#pane-{pane}")
        expect(found).to_be_visible()
        return found

    def presses(self, pane: str, key: str) -> None:
        """The newest button that begins so; waits until it stops spinning."""
        area = self.at(pane)
        button = area.locator(".key").filter(has_text=re.compile(rf"^\s*{re.escape(key)}")).last
        button.click()
        expect(area.locator("[aria-busy=true]")).to_have_count(0)

    def writes(self, pane: str, text: str) -> None:
        area = self.at(pane)
        area.locator(".field").fill(text)
        area.locator(".field").press("Enter")

    def starts(self, pane: str) -> None:
        self.at(pane).get_by_role("button", name="Start", exact=True).click()

    def sees(self, pane: str, text: str) -> Locator:
        """The newest message with the text."""
        message = self.at(pane).locator("[data-message]").filter(has_text=text).last
        expect(message).to_be_visible()
        return message

    def checkout(self) -> FrameLocator:
        """Stripe's page over the customer's chat."""
        return self.page.frame_locator(".webview-frame")

    def opens_world(self, tab: str) -> Locator:
        self.at("world").locator(f"#tab-{tab}").click()
        panel = self.page.locator(f"#panel-{tab}")
        expect(panel).to_be_visible()
        return panel

    def picture(self, path: Path, pane: str | None = None) -> None:
        """Of the whole page, or of one pane."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if pane is None:
            self.page.screenshot(path=path, animations="disabled")
        else:
            self.at(pane).screenshot(path=path, animations="disabled")

    def finds_nothing_wrong(self) -> None:
        """No refused call, no button left spinning, nothing in the browser's console."""
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)
        calls = self.opens_world("calls")
        expect(calls.locator(".call").first).to_be_visible()
        expect(calls.locator(".call.refused")).to_have_count(0)
        assert self.complaints == []
