"""Waits until the sandbox is in a wanted state, instead of sleeping and hoping."""

import asyncio
from collections.abc import Mapping
from typing import Any

from sandbox.state import Sandbox

_STEP = 0.02


async def wait_for(sandbox: Sandbox, wanted: Mapping[str, Any]) -> tuple[bool, dict[str, Any]]:
    """(whether it came within `timeout` seconds, what is still open).

    `for` is "idle": no update undelivered, no callback query unanswered, no Stripe event unsent and no call for `quiet`
    seconds; "ready": the bot polls or has set its webhook; or "reply": the bot has a message above number `after` in the
    chat of `user_id`. ValueError for any other.
    """
    what = str(wanted.get("for", "idle"))
    if what not in ("idle", "ready", "reply"):
        raise ValueError("for must be idle, ready or reply")
    quiet = float(wanted.get("quiet", 0.1))
    user_id, after = int(wanted.get("user_id", 0)), int(wanted.get("after", 0))
    deadline = sandbox.clock.monotonic() + float(wanted.get("timeout", 5))
    while True:
        if what == "idle":
            done = _is_idle(sandbox, quiet)
        elif what == "ready":
            done = sandbox.telegram.mode != "none"
        else:
            done = _has_reply(sandbox, user_id, after)
        if done or sandbox.clock.monotonic() >= deadline:
            return done, {
                "done": done,
                "undelivered": sandbox.telegram.undelivered(),
                "unanswered": sandbox.telegram.unanswered(),
                "telegram_mode": sandbox.telegram.mode,
            }
        await asyncio.sleep(_STEP)


def _is_idle(sandbox: Sandbox, quiet: float) -> bool:
    if sandbox.telegram.undelivered() or sandbox.telegram.unanswered() or not sandbox.stripe.idle:
        return False
    return sandbox.clock.monotonic() - sandbox.calls.last_at >= quiet


def _has_reply(sandbox: Sandbox, user_id: int, after: int) -> bool:
    bot = sandbox.telegram.bot
    chat = bot.chats.get(user_id) if bot else None
    return chat is not None and any(
        message.from_bot and not message.deleted and number > after
        for number, message in chat.messages.items()
    )
