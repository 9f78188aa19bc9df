"""Logging: structlog and the standard library through one chain, with every token and key taken out."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_TOKEN: Final = re.compile(r"(?<!\d)(\d{5,16}):[A-Za-z0-9_-]{16,}")
_KEY: Final = re.compile(r"(?<![A-Za-z0-9])((?:sk|rk|pk)_(?:test|live)_|whsec_)[A-Za-z0-9_+/=-]{4,}")
_PASSWORD: Final = re.compile(r"(://[^:/@\s]+):[^@/\s]+@")
_PRIVATE_PATH: Final = re.compile(r"(/stripe/webhook/)[^\s\"'?]+")


def redacted(text: str) -> str:
    """The text without Telegram tokens, Stripe keys and secrets, passwords in URLs, private webhook paths."""
    text = _TOKEN.sub(r"\1:…", text)
    text = _KEY.sub(r"\1…", text)
    text = _PASSWORD.sub(r"\1:…@", text)
    return _PRIVATE_PATH.sub(r"\1…", text)


def configure_logging(form: Literal["console", "json"], level: str) -> None:
    """Send everything, ours and the libraries', to standard error as lines of `form`."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redact,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, at_least in _CHATTY.items():
        logging.getLogger(name).setLevel(max(at_least, root.level))


_CHATTY: Final = {
    "aiogram.event": logging.WARNING,  # a line per tap
    "apscheduler": logging.WARNING,  # two lines per tick
    "alembic": logging.WARNING,
    "aiosqlite": logging.INFO,
    "asyncio": logging.INFO,
    "stripe": logging.WARNING,  # bodies of requests
    "uvicorn": logging.WARNING,
}


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: _clean(value) for key, value in event.items()}


def _clean(value: Any) -> Any:
    match value:
        case str():
            return redacted(value)
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {_clean(key): _clean(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(one) for one in value]
        case _:
            return redacted(repr(value))
