"""The settings, from the environment and a .env file. The names are fixed: other programs rely on them."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_DATABASE: Final = re.compile(r"(?P<kind>sqlite|postgresql)(\+\w+)?://(?P<rest>.*)")
_STRIPE_KEY: Final = re.compile(r"(sk|rk)_(test|live)_\w{8,}")
_STRIPE_WEBHOOK_SECRET: Final = re.compile(r"whsec_\S{8,}")


class SettingsError(Exception):
    """Settings that can't be used. `problems` are sentences for the person who sets them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """What is set for this process; `.env.example` explains each.

    Malformed values are refused here. What is missing for `run` is bot.preflight's to say: other commands need less.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, str_strip_whitespace=True
    )

    bot_token: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    database_url: str = "sqlite+aiosqlite:///data/addondesk.db"
    database_behind_pooler: bool = False
    stripe_secret_key: SecretStr = SecretStr("")
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_api_url: str = "https://api.stripe.com"
    public_url: str = ""
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(default=8080, ge=0, le=65_535)
    owner_ids: Annotated[tuple[int, ...], NoDecode] = ()
    secret_key: SecretStr = SecretStr("")
    allow_test_payments: bool = False
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("owner_ids", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all(part.isascii() and part.isdigit() for part in parts):
            raise ValueError("Telegram ids are numbers, separated by commas: 123456,234567")
        return tuple(int(part) for part in parts)

    @field_validator("log_format", "log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("telegram_api_url", "stripe_api_url", "public_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not is_address(value):
            raise ValueError("an address begins with https:// (http:// for this machine only)")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, value: str) -> str:
        match = _DATABASE.fullmatch(value)
        if match is None:
            raise ValueError("a database URL begins with sqlite:/// or postgresql://")
        if match["kind"] == "sqlite" and match["rest"].removeprefix("/").split("?")[0] in {"", ":memory:"}:
            raise ValueError("an SQLite database has to be a file")
        return value

    @field_validator("stripe_secret_key")
    @classmethod
    def _is_stripe_key(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if key.startswith("pk_"):
            raise ValueError("this is a publishable key; a secret (sk_…) or restricted (rk_…) one is needed")
        if key and not _STRIPE_KEY.fullmatch(key):
            raise ValueError("a Stripe key begins with sk_test_, sk_live_, rk_test_ or rk_live_")
        return value

    @field_validator("stripe_webhook_secret")
    @classmethod
    def _is_webhook_secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _STRIPE_WEBHOOK_SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("the signing secret of a Stripe webhook begins with whsec_")
        return value


def is_address(value: str) -> bool:
    """https, or http on this machine."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


def read_settings() -> tuple[Settings, list[str]]:
    """Read the environment and .env. What is malformed is told, without its value, and left at its default."""
    try:
        return Settings(), []
    except ValidationError as error:
        malformed = error.errors(include_input=False, include_url=False)
    names = {str(one["loc"][0]) for one in malformed}
    defaults = {name: Settings.model_fields[name].default for name in names}
    problems = [
        f"{str(one['loc'][0]).upper()}: {one['msg'].removeprefix('Value error, ')}" for one in malformed
    ]
    return Settings(**defaults), problems


def load_settings() -> Settings:
    """The settings. Raises SettingsError when any is malformed."""
    settings, problems = read_settings()
    if problems:
        raise SettingsError(problems)
    return settings
