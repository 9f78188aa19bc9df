"""What Telegram refuses in a keyboard."""

import json
from typing import Any

from aiogram.types import (
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from sandbox.telegram.links import https_problem, link_problem
from sandbox.telegram.refusal import bad_request

ReplyMarkup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply
Json = dict[str, Any]

_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
    "disabled",
)
_STYLES = frozenset({"primary", "success", "danger"})
# No documentation states these three; they are what bots have met.
_MOST_BUTTONS = 100
_WIDEST_ROW = 8
_MOST_BYTES = 10_000


def checked_markup(markup: ReplyMarkup | None) -> Json | None:
    """The keyboard as a message keeps it; None for none and for an inline keyboard without a button."""
    if markup is None:
        return None
    if isinstance(markup, InlineKeyboardMarkup):
        rows = [row for row in markup.inline_keyboard if row]
        for row in rows:
            for button in row:
                _check_button(button)
        if not rows:
            return None
        kept: Json = {"inline_keyboard": [[_kept(button) for button in row] for row in rows]}
        _check_size([len(row) for row in rows], kept)
        return kept
    kept = markup.model_dump(mode="json", exclude_none=True)
    if isinstance(markup, ReplyKeyboardMarkup):
        if any(not button.text.strip() for row in markup.keyboard for button in row):
            raise bad_request("keyboard button text must be non-empty")
        _check_size([len(row) for row in markup.keyboard], kept)
    return kept


def _kept(button: InlineKeyboardButton) -> Json:
    kept = button.model_dump(mode="json", exclude_none=True)
    if button.style:
        kept["style"] = button.style.lower()
    return kept


def _check_size(rows: list[int], kept: Json) -> None:
    size = len(json.dumps(kept, ensure_ascii=False).encode())
    if sum(rows) > _MOST_BUTTONS or max(rows, default=0) > _WIDEST_ROW or size > _MOST_BYTES:
        raise bad_request("reply markup is too long")


def _check_button(button: InlineKeyboardButton) -> None:
    actions = [name for name in _ACTIONS if getattr(button, name) is not None]
    if not actions:
        raise _button("Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise _button(f"Exactly one action is expected, found {', '.join(actions)}")
    if not button.text.strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if button.style is not None and button.style.lower() not in _STYLES:
        raise _button("Invalid button style specified")
    if button.url is not None and (problem := link_problem(button.url)):
        raise bad_request(f"inline keyboard button URL '{button.url}' is invalid: {problem}")
    if button.web_app and (problem := https_problem(button.web_app.url)):
        raise bad_request(f"inline keyboard button Web App URL '{button.web_app.url}' is invalid: {problem}")
    if button.login_url and (problem := https_problem(button.login_url.url)):
        raise bad_request(f"inline keyboard button login URL '{button.login_url.url}' is invalid: {problem}")


def _button(reason: str) -> Exception:
    return bad_request(f"can't parse inline keyboard button: {reason}")
