"""The command line: `addondesk run`, `demo`, `migrate`, `doctor`, `reconcile`."""

import asyncio
import datetime as dt
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress as ProgressBar
from rich.table import Table

from billing.clock import SystemClock
from billing.errors import PaymentsDownError
from billing.gateway import GatewayError
from bot.logs import configure_logging, redacted
from bot.settings import Settings, SettingsError, load_settings, read_settings

if TYPE_CHECKING:
    from billing.reconciliation import Progress, Reconciled

NOT_READY: Final = 2
"""Exit code when settings, Telegram or the database stand in the way."""

app = typer.Typer(
    name="addondesk",
    help="Points, top-up packs and add-ons for white-label chatbot platforms, in a Telegram chat.",
    no_args_is_help=True,
    add_completion=False,
    # Its own tracebacks show local variables: tokens and keys among them.
    pretty_exceptions_enable=False,
)
_out = Console()
_err = Console(stderr=True)


@app.command()
def run() -> None:
    """Run the bot until it is stopped."""
    settings, malformed = read_settings()
    configure_logging(settings.log_format, settings.log_level)
    raise typer.Exit(asyncio.run(_run(settings, malformed)))


async def _run(settings: Settings, malformed: list[str]) -> int:
    from bot import preflight

    named = {problem.partition(":")[0] for problem in malformed}
    found = await preflight.check(settings)
    problems = malformed + [problem for problem in found if problem.split()[0].rstrip(":") not in named]
    if problems:
        _refuse(problems)
        return NOT_READY
    from bot import process
    from bot.assembly import assemble

    try:
        return await process.run(settings, SystemClock(), assemble, on_ready=lambda _: _freeze_memory())
    except OSError as error:
        _refuse([redacted(str(error))])
        return NOT_READY


def _freeze_memory() -> None:
    """What was imported lives as long as the process: no garbage collection, the one at exit included, need walk it."""
    gc.collect()
    gc.freeze()


@app.command()
def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The page's port; another if it is taken.")
    ] = 8000,
    folder: Annotated[
        Path, typer.Option(help="Where the demo keeps its database, a new one at each start.")
    ] = Path("data"),
) -> None:
    """Try everything on this machine, with no account: one page with both chats, a till and a clock."""
    from bot import demo as trial

    raise typer.Exit(trial.main(port, folder))


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    from storage import migrate as schema

    settings = _settings()
    before = schema.current(settings.database_url)
    schema.upgrade(settings.database_url)
    after = schema.current(settings.database_url)
    _out.print(f"The database is at version {after}" + (" already." if before == after else "."))


@app.command()
def doctor() -> None:
    """Check settings, Telegram, Stripe, the schema and the invariants. Exit code 1 when something is wrong."""
    from billing.invariants import invariants_at
    from bot import doctor as examination

    settings = _settings()
    configure_logging(settings.log_format, "error")
    clock = SystemClock()
    findings = asyncio.run(examination.examine(settings, clock, invariants_at(clock.now())))
    table = Table("", "what", "finding")
    marks = {"ok": "[green]ok[/]", "warning": "[yellow]look[/]", "wrong": "[red]wrong[/]"}
    for finding in findings:
        table.add_row(marks[finding.state], finding.subject, finding.text)
    _out.print(table)
    raise typer.Exit(1 if any(finding.state == "wrong" for finding in findings) else 0)


@app.command()
def reconcile(
    days: Annotated[int, typer.Option(min=1, max=365, help="How far back to look at Stripe.")] = 7,
) -> None:
    """Fetch what happened at Stripe since some days and bring back what is missing.

    After a restored backup it looks back as far as the backup, and charging and sending go on when it has ended.
    """
    settings = _settings()
    configure_logging(settings.log_format, settings.log_level)
    raise typer.Exit(asyncio.run(_reconcile(settings, dt.timedelta(days=days))))


async def _reconcile(settings: Settings, back: dt.timedelta) -> int:
    from bot import preflight, telegram
    from bot.assembly import assemble
    from bot.fsm import DatabaseStorage
    from bot.product import Tools
    from storage.database import open_database

    problems = [*preflight.missing(settings), *await preflight.check_schema(settings)]
    if problems:
        _refuse(problems)
        return NOT_READY
    clock = SystemClock()
    bot = telegram.make_bot(settings)
    db = open_database(settings.database_url, behind_pooler=settings.database_behind_pooler)
    product = await assemble(Tools(settings, db, clock, bot, "", DatabaseStorage(db), wake=lambda: None))
    try:
        if product.reconcile is None:
            _refuse(["STRIPE_SECRET_KEY is empty: there is nothing to compare with"])
            return NOT_READY
        found = await _shown(product.reconcile, clock.now() - back)
    except GatewayError as error:
        _refuse([f"Stripe doesn't answer, or refuses: {redacted(str(error))}"])
        return NOT_READY
    except PaymentsDownError:
        _refuse(["Stripe doesn't answer, or the key is of another account: `addondesk doctor` says which"])
        return NOT_READY
    finally:
        await product.close()
        await bot.session.close()
        await db.close()
    table = Table("at Stripe", "number")
    for what, number in (
        ("payments looked at", found.payments),
        ("credited now", found.credited),
        ("automatic top-ups credited now", found.automatic),
        ("refunds and disputes applied now", found.reversed),
        ("subscriptions known again", found.plans),
        ("saved cards known again", found.cards),
        ("customers known again", found.customers),
        ("open pages looked after again", found.pages),
        ("not this bot's", found.foreign),
    ):
        table.add_row(what, str(number))
    _out.print(table)
    if found.lost:
        numbers = ", ".join(map(str, found.lost))
        _out.print(
            f"This database doesn't have workspaces that were paid for: {numbers}. Look at them at Stripe."
        )
    if not found.found_any:
        _out.print("Nothing was missing.")
    return 0


async def _shown(
    reconcile: "Callable[[dt.datetime, Progress], Awaitable[Reconciled]]", since: dt.datetime
) -> "Reconciled":
    """Reconcile under a progress bar; none is drawn where nobody looks at a terminal."""
    with ProgressBar(console=_err, transient=True, disable=not _err.is_terminal) as bar:
        looking = bar.add_task("Looking at Stripe", total=None)
        return await reconcile(
            since, lambda done, total: bar.update(looking, completed=done, total=max(total, 1))
        )


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        _refuse(error.problems)
        raise typer.Exit(NOT_READY) from None


def _refuse(problems: list[str]) -> None:
    """One clear list of all that is missing or wrong."""
    _err.print("[bold red]Addondesk can't start:[/]")
    for problem in problems:
        _err.print(f"  • {problem}", markup=False, highlight=False, soft_wrap=True)


def main() -> None:
    app()
