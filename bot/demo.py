"""The demo: the real bot on SQLite against the sandbox, in one process, on one page of this machine."""

import asyncio
import datetime as dt
import functools
import secrets
import socket
from pathlib import Path

from rich.console import Console

from billing import standing
from billing.call import Call
from billing.host import Entitlements, NoHost
from bot.assembly import assemble
from bot.logs import configure_logging
from bot.process import Running, run
from bot.product import Product, Tools
from bot.settings import Settings
from sandbox.app import serve
from sandbox.host import HostPlatform
from sandbox.state import Sandbox
from storage import catalogue, migrate
from storage.transaction import Tx

PORT = 8000
HOST_NAME = "sandbox"
_TOKEN = "4242424242:demo-token-of-the-sandbox-only"  # noqa: S105  # opens nothing but the sandbox
_STRIPE_KEY = "sk_test_demoNorthwindChat"


class SandboxHost:
    """The sandbox's chatbot platform, as the product's host protocol sees it."""

    def __init__(self, platform: HostPlatform) -> None:
        self._platform = platform

    async def apply(self, entitlements: Entitlements) -> None:
        """Allowances move the sliders' marks, pause and resume its workspaces."""
        limits = {
            each.code: {"label": each.label, "allowance": each.value} for each in entitlements.allowances
        }
        self._platform.register(entitlements.workspace_id, entitlements.name, limits)
        if entitlements.paused:
            self._platform.pause(entitlements.workspace_id)
        else:
            self._platform.resume(entitlements.workspace_id)

    async def read_usage(self, workspace_id: int) -> dict[str, int] | None:
        return self._platform.usage(workspace_id)


def main(port: int = PORT, folder: Path = Path("data")) -> int:
    """Run until Ctrl-C; answers the exit code. The database is a file in `folder`, new each time."""
    configure_logging("console", "warning")
    database = (folder / "demo.db").resolve()
    # The sandbox forgets everything when it ends, so the bot starts anew with it.
    for path in (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))):
        path.unlink(missing_ok=True)
    database_url = f"sqlite+aiosqlite:///{database}"
    migrate.upgrade(database_url)
    return asyncio.run(_demo(port, database_url))


async def _demo(port: int, database_url: str) -> int:
    sandbox = Sandbox.create(bot_username="addondesk_demo_bot", bot_name="Northwind Chat")
    async with serve(sandbox, port=_free(port), page=True) as address:
        partner = sandbox.telegram.people.add("Pat", role="partner")
        sandbox.telegram.people.add("Dana", role="customer")
        listen_port = _free(8080)
        secret = "whsec_" + secrets.token_hex(16)
        sandbox.stripe.register_webhook(f"http://127.0.0.1:{listen_port}/stripe/webhook", secret, _STRIPE_KEY)
        settings = Settings(
            _env_file=None,
            bot_token=_TOKEN,
            telegram_api_url=address,
            database_url=database_url,
            stripe_secret_key=_STRIPE_KEY,
            stripe_webhook_secret=secret,
            stripe_api_url=address,
            listen_port=listen_port,
            owner_ids=str(partner.id),
            secret_key=secrets.token_hex(32),
            allow_test_payments=True,
            log_level="warning",
        )
        return await run(
            settings,
            sandbox.clock,
            functools.partial(_assemble, sandbox=sandbox),
            on_ready=functools.partial(_ready, sandbox=sandbox, address=address),
        )


def _free(port: int) -> int:
    """The port if nobody has it, any other if somebody does."""
    for wanted in (port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free on 127.0.0.1")


async def _assemble(tools: Tools, sandbox: Sandbox) -> Product:
    product = await assemble(tools, {"none": NoHost(), HOST_NAME: SandboxHost(sandbox.host)})
    await tools.db.write(_use_sandbox_host)

    async def report(workspace_id: int, limit: str, used: int) -> None:
        now = tools.clock.now()
        call = Call(now, f"host:{workspace_id}:{limit}:{now.isoformat()}", tools.bot.id)
        usage = {**sandbox.host.usage(workspace_id), limit: used}
        await tools.db.write(standing.report_usage, call, workspace_id, usage, now)
        tools.wake()

    sandbox.host.on_usage.append(report)
    return product


def _use_sandbox_host(tx: Tx) -> None:
    partner = catalogue.first_partner(tx)
    assert partner is not None
    partner.host = HOST_NAME
    partner.name = "Northwind Chat"


def _ready(running: Running, sandbox: Sandbox, address: str) -> None:
    def turned(_now: dt.datetime) -> None:
        running.look_again()

    sandbox.clock.on_turn(turned)
    Console().print(
        f"\n[bold]Addondesk is running:[/bold] [link={address}]{address}[/link]\n"
        "Two chats, a payment page with test cards, a clock to turn. Ctrl-C ends it.\n"
    )
