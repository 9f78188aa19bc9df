"""`addondesk reconcile` says what it found, under a bar where somebody watches."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from billing.errors import PaymentsDownError
from billing.gateway import GatewayKeyError
from billing.reconciliation import Progress, Reconciled
from bot import cli, preflight
from bot.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A token and a place for the database."""
    return Settings(bot_token=SecretStr("42:TEST"), database_url=f"sqlite+aiosqlite:///{tmp_path}/books.db")


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What `reconcile` of the product answers is set by the test."""

    async def nothing(*_: object) -> None:
        """No connection was made."""

    async def no_problems(_: Settings) -> list[str]:
        return []

    made = SimpleNamespace(reconcile=None, close=nothing)

    async def assemble(_: Any) -> SimpleNamespace:
        return made

    monkeypatch.setattr(preflight, "missing", lambda _: [])
    monkeypatch.setattr(preflight, "check_schema", no_problems)
    monkeypatch.setattr("bot.assembly.assemble", assemble)
    return made


async def test_it_tells_what_was_credited_reversed_and_foreign(
    product: SimpleNamespace, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def reconcile(_since: dt.datetime, progress: Progress) -> Reconciled:
        progress(1, 2)
        progress(2, 2)
        return Reconciled(7, 3, 1, 2, 4)

    product.reconcile = reconcile

    assert await cli._reconcile(settings, dt.timedelta(days=7)) == 0

    shown = capsys.readouterr().out
    for what, number in (
        ("credited now", 3),
        ("automatic top-ups", 1),
        ("disputes applied", 2),
        ("not this", 4),
    ):
        assert any(what in line and f" {number} " in line for line in shown.splitlines())
    assert "Nothing was missing." not in shown


async def test_nothing_missing_is_said(
    product: SimpleNamespace, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def reconcile(_since: dt.datetime, _progress: Progress) -> Reconciled:
        return Reconciled(7, 0, 0, 0, 0)

    product.reconcile = reconcile

    assert await cli._reconcile(settings, dt.timedelta(days=7)) == 0
    assert "Nothing was missing." in capsys.readouterr().out


async def test_a_refused_key_is_one_clear_line(
    product: SimpleNamespace, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def reconcile(_since: dt.datetime, _progress: Progress) -> Reconciled:
        raise GatewayKeyError("AuthenticationError", "Expired API Key")

    product.reconcile = reconcile

    assert await cli._reconcile(settings, dt.timedelta(days=7)) == cli.NOT_READY
    assert "Expired API Key" in capsys.readouterr().err


async def test_what_came_back_and_lost_workspaces_are_named(
    product: SimpleNamespace, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def reconcile(_since: dt.datetime, _progress: Progress) -> Reconciled:
        return Reconciled(0, 0, 0, 0, 0, customers=4, cards=3, plans=2, pages=1, lost=(17, 19))

    product.reconcile = reconcile

    assert await cli._reconcile(settings, dt.timedelta(days=7)) == 0

    shown = capsys.readouterr().out
    for what, number in (("customers", 4), ("saved cards", 3), ("subscriptions", 2), ("open pages", 1)):
        assert any(what in line and f" {number} " in line for line in shown.splitlines())
    assert "17, 19" in shown
    assert "Nothing was missing." not in shown


async def test_a_key_of_another_account_is_one_clear_line(
    product: SimpleNamespace, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def reconcile(_since: dt.datetime, _progress: Progress) -> Reconciled:
        raise PaymentsDownError

    product.reconcile = reconcile

    assert await cli._reconcile(settings, dt.timedelta(days=7)) == cli.NOT_READY
    assert "another account" in capsys.readouterr().err
