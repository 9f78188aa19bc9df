"""The table on the terminal, and docs/benchmarks.md."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Comparison

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"

_HEAD = """\
# Benchmarks

Written by `make bench`. Each line is a ratio: our way and a bare way took turns in one run on one machine, round by
round, and the median of the rounds' ratios is judged. The absolute figures belong to that machine and its noise.

"""
_WAYS = """\

## What is compared

- **Postings.** Ours: the ledger's door through `db.write`, one operation of one line, every posting to another
  wallet, each durable before it is answered. Bare: the same statements by the driver alone, one transaction a
  posting, with the driver's cache of prepared statements. SQLite runs in WAL with synchronous=FULL; ours shares a
  commit among those who wait, the one bare caller has nobody to share it with. PostgreSQL has its durable defaults.
- **Taps.** Ours: the raw update is committed to the inbox, then the real dispatcher shows the top-up screen: person,
  rights, balance, packs, exact price, running orders. Bare: an aiogram handler with a CallbackData filter, an
  AsyncSession on the same database file, a SELECT of one row, a line of text and two buttons; it loses what comes in
  while it is down. Telegram answers both at once.
- **Renewals.** Ours: the sweep's batches through `db.write`: due workspaces claimed, their add-ons, members and terms
  read, charges worked out, postings, wallets, cycles, notices and what the host is told written, one durable commit a
  batch (1,000 workspaces on PostgreSQL, 250 on SQLite). Each has two add-ons and an owner. Bare: the very same statements
  by the driver alone, with every value at hand, on a copy of the database, batch by batch in turn with ours. The longest
  tap is one of eight people's who tap one after the other, in the process that sweeps.
- **History.** The use case behind the history screen, in the middle of a long ledger and in a short one.
"""


def machine() -> str:
    """What the figures were measured on."""
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("SQLAlchemy", "asyncpg", "aiosqlite", "aiogram")
    )
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {libraries}"
    )


def show(comparisons: Sequence[Comparison]) -> None:
    table = Table("", "ratio", "budget", "rounds", "ours", "bare", "unit", title="Ours as a multiple of bare")
    for each in comparisons:
        color = "green" if each.holds else "red"
        table.add_row(
            each.name,
            f"[{color}]{each.ratio:.2f}[/]",
            each.budget,
            _rounds(each),
            _figure(each.ours),
            _figure(each.bare),
            each.unit,
        )
    Console(width=160).print(table)


def write(comparisons: Sequence[Comparison]) -> None:
    lines = [
        "| what | ratio | budget | round by round | ours | bare | unit |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {each.name} | **{each.ratio:.2f}** {'✓' if each.holds else '✗'} | {each.budget} "
            f"| {_rounds(each)} | {_figure(each.ours)} | {_figure(each.bare)} | {each.unit} |"
            for each in comparisons
        ),
    ]
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(f"{_HEAD}{machine()}.\n\n" + "\n".join(lines) + "\n" + _WAYS)


def _rounds(comparison: Comparison) -> str:
    return " ".join(f"{ratio:.2f}" for ratio in comparison.ratios)


def _figure(figures: Sequence[float]) -> str:
    """The spread over the rounds."""
    low, high = min(figures), max(figures)
    return f"{low:,.0f}-{high:,.0f}" if high >= 100 else f"{low:.2f}-{high:.2f}"
