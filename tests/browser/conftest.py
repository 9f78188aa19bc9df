"""The demo as `make demo` starts it, and a headless browser before it."""

import os
import re
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from .visitor import Visitor

DESKTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}
_ADDONDESK = Path(sysconfig.get_path("scripts")) / "addondesk"
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one file: while it lives, Playwright's loop runs in this thread, where other tests start theirs."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_QUIET))
        yield browser
        browser.close()


@pytest.fixture
def demo(tmp_path: Path, browser: Browser) -> Iterator[str]:
    """A demo of its own for each test; yields its address."""
    log = tmp_path / "demo.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [_ADDONDESK, "demo", "--port", "0", "--folder", str(tmp_path)],
            env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        assert process.stdout is not None
        said = iter(process.stdout.readline, "")
        address = next(
            (found[0] for line in said if (found := re.search(r"http://127\.0\.0\.1:\d+", line))), None
        )
        assert address is not None, log.read_text()
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert log.read_text() == "", "warnings and errors of the bot"


@pytest.fixture
def desktop(browser: Browser, demo: str) -> Iterator[Visitor]:
    yield from _visit(browser.new_page(viewport=DESKTOP, locale="en-GB", timezone_id="Europe/London"), demo)


@pytest.fixture
def phone(browser: Browser, demo: str) -> Iterator[Visitor]:
    page = browser.new_page(
        viewport=PHONE, locale="en-GB", timezone_id="Europe/London", has_touch=True, is_mobile=True
    )
    yield from _visit(page, demo)


def _visit(page: Page, address: str) -> Iterator[Visitor]:
    visitor = Visitor(page, address)
    visitor.arrives()
    yield visitor
    visitor.page.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a story's screenshots go, for whoever wants to know how a failed one looked."""
    return tmp_path_factory.mktemp("screenshots")


@pytest.fixture(scope="session")
def readme_pictures(pictures: Path) -> Path:
    """ADDONDESK_SCREENSHOTS=docs/screenshots makes the README's anew."""
    return Path(os.environ.get("ADDONDESK_SCREENSHOTS", pictures))
