"""A stand-in for Telegram that refuses what Telegram refuses."""

from sandbox.telegram.account import BotAccount
from sandbox.telegram.people import NotPossibleError, People
from sandbox.telegram.server import TelegramStandIn
from sandbox.telegram.webhook import Backoff

__all__ = ["Backoff", "BotAccount", "NotPossibleError", "People", "TelegramStandIn"]
