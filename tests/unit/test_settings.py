"""The settings' fixed names, and sentences for whatever is wrong with them."""

from pathlib import Path
from typing import Any

import pytest

from bot.preflight import missing
from bot.settings import Settings, SettingsError, load_settings, read_settings
from bot.telegram import webhook_secret

NAMES = {
    "BOT_TOKEN": "",
    "TELEGRAM_API_URL": "https://api.telegram.org",
    "DATABASE_URL": "sqlite+aiosqlite:///data/addondesk.db",
    "DATABASE_BEHIND_POOLER": "false",
    "STRIPE_SECRET_KEY": "",
    "STRIPE_WEBHOOK_SECRET": "",
    "STRIPE_API_URL": "https://api.stripe.com",
    "PUBLIC_URL": "",
    "LISTEN_HOST": "127.0.0.1",
    "LISTEN_PORT": "8080",
    "OWNER_IDS": "",
    "SECRET_KEY": "",
    "ALLOW_TEST_PAYMENTS": "false",
    "LOG_FORMAT": "console",
    "LOG_LEVEL": "info",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_the_example_explains_every_setting_with_its_default() -> None:
    example = (Path(__file__).parents[2] / ".env.example").read_text()
    lines = [line for line in example.splitlines() if line and not line.startswith("#")]
    assert dict(line.split("=", 1) for line in lines) == NAMES
    assert {name.upper() for name in Settings.model_fields} == set(NAMES)
    Path(".env").write_text(example)
    assert load_settings() == Settings(_env_file=None)


def test_values_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_IDS", " 12, 34 ,")
    monkeypatch.setenv("PUBLIC_URL", "https://desk.example.com/")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("LISTEN_PORT", "")  # an empty line of .env is no value
    settings = load_settings()
    assert settings.owner_ids == (12, 34)
    assert settings.public_url == "https://desk.example.com"
    assert settings.log_level == "debug"
    assert settings.listen_port == 8080


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("OWNER_IDS", "12,dana", "numbers, separated by commas"),
        ("PUBLIC_URL", "http://desk.example.com", "begins with https://"),
        ("PUBLIC_URL", "desk.example.com", "begins with https://"),
        ("STRIPE_SECRET_KEY", "pk_live_1234567890", "publishable"),
        ("STRIPE_SECRET_KEY", "hunter2hunter2", "sk_test_"),
        ("STRIPE_WEBHOOK_SECRET", "sk_test_1234567890", "whsec_"),
        ("DATABASE_URL", "mysql://u:hunter2hunter2@h/d", "sqlite"),
        ("DATABASE_URL", "sqlite+aiosqlite://", "file"),
        ("DATABASE_URL", "sqlite:///:memory:", "file"),
        ("LISTEN_PORT", "70000", "65535"),
        ("LOG_FORMAT", "xml", "console"),
    ],
)
def test_malformed_values_are_told_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    (problem,) = raised.value.problems
    assert problem.startswith(f"{name}: ")
    assert says in problem
    assert value not in problem


def test_everything_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_IDS", "x")
    monkeypatch.setenv("LISTEN_PORT", "x")
    monkeypatch.setenv("SECRET_KEY", "short")
    settings, problems = read_settings()
    assert {problem.split(":")[0] for problem in problems} == {"OWNER_IDS", "LISTEN_PORT"}
    assert {problem.split()[0] for problem in missing(settings)} == {"BOT_TOKEN", "SECRET_KEY"}


def complete(**changes: str) -> Settings:
    values: dict[str, Any] = {"bot_token": "123456:abcdefghij", "secret_key": "k" * 32, **changes}
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"bot_token": ""}, "BOT_TOKEN is missing"),
        ({"bot_token": "abc"}, "BOT_TOKEN is ill-formed"),
        ({"secret_key": ""}, "SECRET_KEY is missing"),
        ({"secret_key": "k" * 31}, "SECRET_KEY is too short"),
        (
            {"stripe_secret_key": "sk_test_1234567890", "public_url": "https://a.example"},
            "STRIPE_WEBHOOK_SECRET is missing",
        ),
        ({"stripe_webhook_secret": "whsec_1234567890"}, "STRIPE_SECRET_KEY is missing"),
    ],
)
def test_what_run_needs(changes: dict[str, str], says: str) -> None:
    assert missing(complete()) == []
    (problem,) = missing(complete(**changes))
    assert problem.startswith(says)


def test_secrets_are_not_shown() -> None:
    settings = complete(stripe_secret_key="sk_test_1234567890")
    assert "abcdefghij" not in repr(settings)
    assert "1234567890" not in repr(settings)
    assert "k" * 32 not in repr(settings)


def test_the_webhook_secret_needs_the_key_and_is_one_telegram_takes() -> None:
    secret = webhook_secret(complete())
    assert secret != webhook_secret(complete(secret_key="x" * 32))
    assert secret != webhook_secret(complete(bot_token="654321:abcdefghij"))
    assert secret.isalnum()
    assert 1 <= len(secret) <= 256
