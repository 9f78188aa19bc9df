"""The sandbox, and the real bot as processes of its own."""

import asyncio
import json
import multiprocessing
import os
import secrets
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from sandbox.app import serve
from sandbox.state import Sandbox
from sandbox.telegram import Backoff

from .child import IMPORTED, addondesk

TOKEN: Final = "7007007007:AAf-e2e-token-of-the-sandbox-only"
OWNER: Final = 500_001
"""Telegram id of the partner's owner."""
_SECRET_KEY: Final = "a key for end-to-end tests, long enough"
_ADDONDESK: Final = Path(sysconfig.get_path("scripts")) / "addondesk"
_FORKS: Final = multiprocessing.get_context("forkserver")
"""Importing the bot takes seconds, so processes fork from one that has. Where starting itself is tested, they don't."""
_FORKS.set_forkserver_preload([module.__name__ for module in IMPORTED])


def turnable() -> "Synchronized[float]":
    """For `Installation.ahead`."""
    return _FORKS.Value("d", 0.0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Process:
    """A running bot; what it wrote to stderr stands in `log`."""

    child: ForkServerProcess
    log: Path

    @property
    def running(self) -> bool:
        return self.child.is_alive()

    def kill(self) -> None:
        """kill -9."""
        self.child.kill()
        self.child.join()

    def stop(self, within: float = 30) -> int:
        """SIGTERM; answers the exit code. AssertionError when it doesn't end in time."""
        self.child.terminate()
        self.child.join(within)
        if self.child.exitcode is None:
            self.kill()
            raise AssertionError(f"still running {within} s after SIGTERM:\n{self.tail()}")
        return self.child.exitcode

    def wait_until_running(self, within: float = 60) -> None:
        """Until the log says so. AssertionError with the log when it ends before, or doesn't come."""
        until = time.monotonic() + within
        while not self.logged("running"):
            assert self.running, f"the bot ended with {self.child.exitcode}:\n{self.tail()}"
            assert time.monotonic() < until, f"the bot isn't running after {within} s:\n{self.tail()}"
            time.sleep(0.02)

    def logged(self, event: str) -> list[dict[str, object]]:
        """The log's lines of this event."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [one for one in found if one["event"] == event]

    def defects(self) -> list[object]:
        """Tracebacks of what broke inside; none is expected whatever happens outside."""
        broken = [*self.logged("update failed"), *self.logged("tick failed"), *self.logged("task failed")]
        return [one.get("exception") for one in broken]

    def tail(self) -> str:
        return self.log.read_text()[-4_000:] if self.log.exists() else "no log: it ended before it began"


@dataclass(slots=True)
class Installation:
    """One bot as an operator sets it up: a database, settings, a folder for logs."""

    folder: Path
    sandbox: str
    database_url: str
    webhook: bool = False
    port: int = field(default_factory=free_port)
    stripe_key: str = field(default_factory=lambda: f"sk_test_e2e{secrets.token_hex(8)}")
    stripe_webhook_secret: str = ""
    lease: float | None = None
    """Seconds until another process may take over from a killed one, if not the usual ten."""
    ahead: "Synchronized[float] | None" = None
    """Seconds by which its clock goes ahead of the machine's (turnable); None: not at all."""
    _started: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": self.sandbox,
            "DATABASE_URL": self.database_url,
            "STRIPE_SECRET_KEY": self.stripe_key,
            "STRIPE_WEBHOOK_SECRET": self.stripe_webhook_secret,
            "STRIPE_API_URL": self.sandbox,
            "PUBLIC_URL": self.address if self.webhook else "",
            "LISTEN_PORT": str(self.port),
            "OWNER_IDS": str(OWNER),
            "SECRET_KEY": _SECRET_KEY,
            "ALLOW_TEST_PAYMENTS": "true",
            "LOG_FORMAT": "json",
        }

    def connect_stripe(self) -> None:
        """Point a webhook of the Stripe account at this bot, as the partner does on Stripe's dashboard."""
        endpoint = {"url": f"{self.address}/stripe/webhook", "enabled_events[0]": "*"}
        self.stripe_webhook_secret = self._at_stripe("webhook_endpoints", endpoint)["secret"]

    def sell_monthly(self, name: str, minor: int) -> str:
        """Make a product with a price in USD, as the partner does on Stripe's dashboard; answers the price's id."""
        terms = {"currency": "usd", "unit_amount": str(minor), "recurring[interval]": "month"}
        return self._at_stripe("prices", terms | {"product_data[name]": name})["id"]

    def _at_stripe(self, what: str, form: dict[str, str]) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.stripe_key}"}
        request = Request(f"{self.sandbox}/v1/{what}", urlencode(form).encode(), headers)
        with urlopen(request) as answer:
            made: dict[str, str] = json.load(answer)
            return made

    def migrate(self) -> None:
        process = self._fork(["migrate"], self.settings)
        process.child.join(60)
        assert process.child.exitcode == 0, process.tail()

    def start(self, **settings: str) -> Process:
        """`addondesk run`, not waited for. `settings` replace this installation's."""
        return self._fork(["run"], self.settings | settings)

    @contextmanager
    def running(self, **settings: str) -> Iterator[Process]:
        """`addondesk run`, ready when the block begins, stopped when it ends."""
        process = self.start(**settings)
        try:
            process.wait_until_running()
            yield process
        finally:
            if process.running:
                process.stop()

    def _fork(self, arguments: list[str], settings: dict[str, str]) -> Process:
        self._started += 1
        log = self.folder / f"{arguments[0]}-{self._started}.log"
        child = _FORKS.Process(
            target=addondesk,
            args=(arguments, settings, str(self.folder), str(log), self.lease, self.ahead),
            daemon=True,
        )
        child.start()
        return Process(child, log)


def command(*arguments: str, folder: Path, **settings: str) -> subprocess.Popen[str]:
    """`addondesk …` as typed into a shell in which nothing else is set."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        [_ADDONDESK, *arguments],
        env=inherited | settings,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def sandbox() -> Iterator[str]:
    """Serve a sandbox from a thread of this process; yields its address."""
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve_until_stopped() -> None:
        stop = asyncio.Event()
        async with serve(Sandbox.create(backoff=Backoff(first=0.1, cap=1.0))) as address:
            started.set_result((address, asyncio.get_running_loop(), stop))
            await stop.wait()

    with ThreadPoolExecutor(1) as thread:
        served = thread.submit(asyncio.run, serve_until_stopped())
        address, loop, stop = started.result(30)
        try:
            yield address
        finally:
            loop.call_soon_threadsafe(stop.set)
            served.result(30)
