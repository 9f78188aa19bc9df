"""No token and no key reaches a log, whoever writes the line."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.logs import configure_logging, redacted

TOKEN = "123456789:AAF-abcdefghijklmnopqrstuvwxyz012345"
SECRETS = (
    TOKEN.split(":")[1],
    "sk_live_51HabcdefGHIJ",
    "rk_test_51HabcdefGHIJ",
    "whsec_abcdef0123456789",
    "hunter2",
    "a-partners-private-token",
)
LINE = (
    f"POST https://api.telegram.org/bot{TOKEN}/getMe key={SECRETS[1]} {SECRETS[2]} {SECRETS[3]} "
    f'postgresql://bot:hunter2@db/desk "POST /stripe/webhook/{SECRETS[5]} HTTP/1.1"'
)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _fail() -> None:
    raise RuntimeError(LINE)


@pytest.mark.parametrize("form", ["console", "json"])
def test_secrets_are_taken_out_of_every_record(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json" if form == "json" else "console", "debug")
    log = structlog.get_logger("addondesk")
    log.info(LINE)
    log.warning("values", url=LINE, nested={"keys": [LINE]}, error=ValueError(LINE))
    logging.getLogger("aiohttp.access").info('%s "GET /bot%s/getUpdates"', "::1", TOKEN)
    logging.getLogger("uvicorn.access").info(LINE)
    logging.getLogger("library").info("extra", extra={"headers": {"Authorization": f"Bearer {SECRETS[1]}"}})
    try:
        _fail()
    except RuntimeError:
        log.exception("failed")
        logging.getLogger("library").exception("failed")
    written = capsys.readouterr().err
    assert written.count("failed") >= 2
    assert written.count("RuntimeError") >= 2
    for secret in SECRETS:
        assert secret not in written
    assert "123456789:…" in written  # which bot it was stays known


def test_json_lines_can_be_read_by_machines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "info")
    structlog.get_logger("addondesk").info("tick failed", tick="sweep", seconds=0.5, ok=False)
    logging.getLogger("library").warning("slow: %d ms", 12)
    structlog.get_logger("addondesk").debug("not shown")
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["tick"], ours["seconds"], ours["ok"]) == ("tick failed", "sweep", 0.5, False)
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("slow: 12 ms", "warning", "library")


def test_what_is_no_secret_stays() -> None:
    text = "workspace 12:30 paid 15 points, order sk_test, 2026-11-22T05:00:00"
    assert redacted(text) == text
