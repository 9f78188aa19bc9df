"""What a forked child runs: the command line, in a folder, with nothing but the given settings."""

import os
import sys
from collections.abc import Mapping

from billing import stripe_gateway
from bot import assembly, cli, preflight, process
from bot.lease import Lease
from bot.worker import Worker
from storage import migrate, postgres, sqlite

IMPORTED = (assembly, cli, migrate, postgres, preflight, process, sqlite, stripe_gateway)
"""Importing takes seconds: it happens once, before the fork."""


def addondesk(
    arguments: list[str], settings: Mapping[str, str], folder: str, log: str, lease: float | None = None
) -> None:
    """`addondesk …` with its stderr in the file `log`. `lease`: seconds until somebody may take over, if not the usual ten."""
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(written, sys.stderr.fileno())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(settings)
    if lease is not None:
        _default(Lease, ttl=lease)
        _default(Worker, lease=lease)
    sys.argv = ["addondesk", *arguments]
    cli.main()


def _default(part: type, **value: float) -> None:
    """Another default for a keyword of its constructor."""
    defaults = vars(part)["__init__"].__kwdefaults__
    assert value.keys() <= defaults.keys()
    defaults.update(value)
