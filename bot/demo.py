"""The demo: the real bot on SQLite against the sandbox, in one process, on one page of this machine."""

import asyncio
import datetime as dt
import functools
import secrets
import socket
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from billing.call import Call
from billing.gateway import PriceFacts
from billing.host import Entitlements, NoHost
from billing.money import Money
from billing.plans.catalogue import keep_stripe_price
from billing.usage import report_usage
from bot.assembly import assemble
from bot.demo_year import year_company
from bot.logs import configure_logging
from bot.process import Running, run
from bot.product import Product, Tools
from bot.settings import Settings
from bot.tick_gate import TickGate
from sandbox.app import serve
from sandbox.host import HostPlatform
from sandbox.state import Sandbox
from sandbox.stripe.prices import PLANS
from storage import catalogue, migrate, people
from storage.transaction import Tx

PORT = 8000
HOST_NAME = "sandbox"
_TOKEN = "4242424242:demo-token-of-the-sandbox-only"  # noqa: S105  # opens nothing but the sandbox
_STRIPE_KEY = "sk_test_demoNorthwindChat"


class SandboxHost:
    """The sandbox's chatbot platform, as the product's host protocol sees it."""

    def __init__(self, platform: HostPlatform) -> None:
        self._platform = platform
        self._counts_from: dict[int, dt.date | None] = {}
        self.without_sliders: set[int] = set()
        """Workspaces whose entitlements are taken and not shown."""

    async def apply(self, entitlements: Entitlements) -> None:
        """Allowances move the sliders' marks, pause and resume its workspaces; a new cycle empties its counters."""
        if entitlements.workspace_id in self.without_sliders:
            return
        workspace_id, counted = (
            entitlements.workspace_id,
            [each for each in entitlements.allowances if each.counted],
        )
        anew = self._counts_from.get(workspace_id) != entitlements.counts_from
        self._counts_from[workspace_id] = entitlements.counts_from
        limits = {each.code: {"label": each.label, "allowance": each.value} for each in counted}
        self._platform.register(workspace_id, entitlements.name, limits)
        for each in counted:
            if anew and each.per_cycle and self._platform.usage(workspace_id)[each.code]:
                await self._platform.set_usage(workspace_id, each.code, 0)
        if entitlements.paused:
            self._platform.pause(workspace_id)
        else:
            self._platform.resume(workspace_id)

    async def read_usage(self, workspace_id: int) -> dict[str, int] | None:
        known = any(each.id == workspace_id for each in self._platform.workspaces())
        return self._platform.usage(workspace_id) if known else None


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
        sandbox.stripe.seed_plans(_STRIPE_KEY)
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
            functools.partial(_assemble, sandbox=sandbox, partner=partner.id),
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


async def _assemble(tools: Tools, sandbox: Sandbox, partner: int) -> Product:
    host = SandboxHost(sandbox.host)
    product = await assemble(tools, {"none": NoHost(), HOST_NAME: host})
    await tools.db.write(_use_sandbox_host)
    await tools.db.write(_sell_seeded_plans, Call(tools.clock.now(), "demo", tools.bot.id))

    async def report(workspace_id: int, limit: str, used: int) -> None:
        now = tools.clock.now()
        call = Call(now, f"host:{workspace_id}:{limit}:{now.isoformat()}", tools.bot.id)
        usage = {**sandbox.host.usage(workspace_id), limit: used}
        await tools.db.write(report_usage, call, workspace_id, usage, now)
        tools.wake()

    sandbox.host.on_usage.append(report)
    gate = TickGate(product.ticks)
    account = sandbox.stripe.account(_STRIPE_KEY)

    def has_come() -> bool:
        telegram_bot = sandbox.telegram.bot
        return telegram_bot is not None and partner in telegram_bot.chats

    def joins(name: str) -> int:
        """An owner of a workspace of the year, who has pressed Start."""
        owner = sandbox.telegram.people.add(name, last_name="(year)", role="customer")
        sandbox.telegram.people.write(owner.id, "/start")
        return owner.id

    def turn(at: dt.datetime) -> None:
        if at > sandbox.clock.now():
            sandbox.clock.turn_to(at)

    sandbox.year.company = functools.partial(
        year_company,
        tools,
        gate,
        account,
        partner,
        has_come=has_come,
        joins=joins,
        turn=turn,
        unseen=host.without_sliders,
    )

    async def close() -> None:
        await sandbox.year.stop()
        await product.close()

    return replace(product, ticks=gate.ticks, close=close)


def _use_sandbox_host(tx: Tx) -> None:
    partner = catalogue.first_partner(tx)
    assert partner is not None
    partner.host = HOST_NAME
    partner.name = "Northwind Chat"


def _sell_seeded_plans(tx: Tx, call: Call) -> None:
    """As if the owner had typed in the prices that the sandbox's Stripe account comes with."""
    partner = catalogue.first_partner(tx)
    assert partner is not None
    (owner, _), *_ = people.admins(tx, partner.id)
    plans = {plan.name: plan.id for plan in catalogue.plans(tx, partner.id)}
    for price, name, minor in PLANS:
        facts = PriceFacts(price, Money(int(minor), "USD"), "month", 1, active=True)
        keep_stripe_price(tx, replace(call.part(price), person_id=owner.person_id), plans[name], facts)


def _ready(running: Running, sandbox: Sandbox, address: str) -> None:
    def turned(_now: dt.datetime) -> None:
        if not sandbox.year.passes:
            running.look_again()

    sandbox.clock.on_turn(turned)
    Console().print(
        f"\n[bold]Addondesk is running:[/bold] [link={address}]{address}[/link]\n"
        "Two chats, a payment page with test cards, a clock to turn. Ctrl-C ends it.\n"
    )
