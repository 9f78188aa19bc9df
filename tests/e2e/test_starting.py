"""The command as an operator types it: what it refuses to start with, and how it ends."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .processes import Installation, command, sandbox

SETTINGS = {"LOG_FORMAT": "json"}


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Ready to run, not running."""
    folder = tmp_path_factory.mktemp("starting")
    with sandbox() as address:
        bot = Installation(folder, address, f"sqlite+aiosqlite:///{folder / 'bot.db'}")
        bot.migrate()
        yield bot


def refused(folder: Path, **settings: str) -> list[str]:
    """What `addondesk run` lists as being in the way."""
    process = command("run", folder=folder, **settings)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2, said
    assert "Traceback" not in said
    assert "Addondesk can't start:" in said
    return re.findall(r"^ +• (.*)$", said, re.MULTILINE)


def test_nothing_is_set(tmp_path: Path) -> None:
    problems = refused(tmp_path)
    assert [problem.split()[0] for problem in problems] == ["BOT_TOKEN", "SECRET_KEY", "The"]
    assert "addondesk migrate" in problems[-1]


def test_everything_wrong_is_told_at_once_and_no_secret_with_it(bot: Installation) -> None:
    problems = refused(
        bot.folder,
        **bot.settings
        | {
            "BOT_TOKEN": "999:of-nobody-anywhere-at-all",
            "TELEGRAM_API_URL": "http://127.0.0.1:9",
            "STRIPE_SECRET_KEY": "pk_live_publishable",
            "LISTEN_PORT": "99999",
            "DATABASE_URL": "postgresql+asyncpg://user:hunter2@127.0.0.1:9/nothing",
        },
    )
    said = "\n".join(problems)
    for name in ("STRIPE_SECRET_KEY", "LISTEN_PORT", "TELEGRAM_API_URL", "DATABASE_URL"):
        assert name in said, said
    for secret in ("hunter2", "pk_live_publishable", "of-nobody"):
        assert secret not in said, said


def test_token_that_telegram_refuses(bot: Installation) -> None:
    assert command_knows_its_token(bot)
    (problem,) = refused(bot.folder, **bot.settings | {"BOT_TOKEN": "7007007007:another-token-of-that-bot"})
    assert problem.startswith("BOT_TOKEN is refused by Telegram")


def test_schema_is_behind(bot: Installation, tmp_path: Path) -> None:
    settings = bot.settings | {"DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"}
    (problem,) = refused(tmp_path, **settings)
    assert "addondesk migrate" in problem


def test_port_is_taken(bot: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        (problem,) = refused(bot.folder, **bot.settings | {"LISTEN_PORT": str(other.getsockname()[1])})
    assert "LISTEN_PORT" in problem


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_within_seconds_when_asked(bot: Installation, number: signal.Signals) -> None:
    process = command("run", folder=bot.folder, **bot.settings)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if '"event": "running"' in line:
                break
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert '"event": "stopped"' in said


def test_doctor_finds_nothing_wrong_and_then_something(bot: Installation) -> None:
    assert doctor(bot).returncode == 0
    broken = doctor(bot, STRIPE_SECRET_KEY="sk_test_short")
    assert broken.returncode != 0


def doctor(bot: Installation, **settings: str) -> subprocess.CompletedProcess[str]:
    process = command("doctor", folder=bot.folder, **bot.settings | settings)
    said = process.communicate(timeout=60)
    return subprocess.CompletedProcess([], process.returncode, *said)


def command_knows_its_token(bot: Installation) -> bool:
    """The first call with a token makes it the bot's at the sandbox."""
    return "ok" in doctor(bot).stdout
