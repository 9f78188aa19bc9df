"""The lengths that the Bot API's documentation states, for what the sandbox knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["characters", "bytes", "parsed characters"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A value is `low` to `high` units long.

    Characters are code points; "parsed" ones are counted after the markup is read, by whoever reads it. `refusal` is what
    Telegram answers. Telegram's own name for it where it is known; the server's source is not public.
    """

    low: int
    high: int
    unit: Unit
    refusal: str

    def allows(self, value: str) -> bool:
        size = len(value.encode()) if self.unit == "bytes" else len(value)
        return self.low <= size <= self.high


LIMITS: Mapping[tuple[str, str], Limit] = {
    ("sendMessage", "text"): Limit(1, 4096, "parsed characters", "message is too long"),
    ("editMessageText", "text"): Limit(1, 4096, "parsed characters", "message is too long"),
    ("sendDocument", "caption"): Limit(0, 1024, "parsed characters", "message caption is too long"),
    ("sendPhoto", "caption"): Limit(0, 1024, "parsed characters", "message caption is too long"),
    ("editMessageCaption", "caption"): Limit(0, 1024, "parsed characters", "message caption is too long"),
    ("answerCallbackQuery", "text"): Limit(0, 200, "characters", "MESSAGE_TOO_LONG"),
    ("setMyName", "name"): Limit(0, 64, "characters", "BOT_TITLE_INVALID"),
    ("setMyDescription", "description"): Limit(0, 512, "characters", "BOT_DESCRIPTION_INVALID"),
    ("setMyShortDescription", "short_description"): Limit(0, 120, "characters", "BOT_ABOUT_INVALID"),
    ("setWebhook", "secret_token"): Limit(1, 256, "characters", "secret token is too long"),
    ("InlineKeyboardButton", "callback_data"): Limit(1, 64, "bytes", "BUTTON_DATA_INVALID"),
    ("CopyTextButton", "text"): Limit(1, 256, "characters", "BUTTON_COPY_TEXT_INVALID"),
    ("BotCommand", "command"): Limit(1, 32, "characters", "command length must not exceed 32"),
    ("BotCommand", "description"): Limit(
        1, 256, "characters", "command description length must not exceed 256"
    ),
    ("ReplyKeyboardMarkup", "input_field_placeholder"): Limit(
        1, 64, "characters", "input field placeholder is too long"
    ),
    ("ForceReply", "input_field_placeholder"): Limit(
        1, 64, "characters", "input field placeholder is too long"
    ),
}
