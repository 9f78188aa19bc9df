"""Sending and editing with a real aiogram Bot: what arrives in the chat, what Telegram refuses."""

import struct
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.methods import SendMessage, TelegramMethod
from aiogram.types import (
    BufferedInputFile,
    CopyTextButton,
    DisabledButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
    ReplyParameters,
    WebAppInfo,
)

from sandbox.state import Sandbox


def keyboard(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[list(buttons)])


def button(text: str = "Buy", **action: Any) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, **(action or {"callback_data": "buy"}))


def shown(sandbox: Sandbox, user_id: int) -> list[dict[str, Any]]:
    return [m for m in sandbox.telegram.people.view(user_id)["messages"] if m["from"] == "bot"]


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", width, height)


async def test_a_menu_arrives_with_everything_that_is_decoration(
    sandbox: Sandbox, bot: Bot, anna: int
) -> None:
    sent = await bot.send_message(
        anna,
        "<b>15.5</b> points",
        reply_markup=keyboard(
            button(style="success", callback_data="pay"),
            button("Copy", copy_text=CopyTextButton(text="ref-1")),
            button("Current", disabled=DisabledButton()),
            button("Pay", url="http://127.0.0.1:8000/pay/1"),
            button("Invite", url="https://t.me/addondesk_demo_bot?start=ref_1"),
        ),
        message_effect_id="5046509860389126442",
        disable_notification=True,
    )
    assert sent.html_text == "<b>15.5</b> points"
    (message,) = shown(sandbox, anna)
    assert message["silent"] is True
    assert message["effect"] == "5046509860389126442"
    assert message["reply_markup"]["inline_keyboard"][0][0] == {
        "text": "Buy",
        "callback_data": "pay",
        "style": "success",
    }
    assert sandbox.calls.refusals == []
    assert sandbox.calls.violations == []


async def test_entities_given_by_hand_arrive(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    entity = MessageEntity(type="date_time", offset=3, length=5, unix_time=1764547200, date_time_format="D")
    await bot.send_message(anna, "on 1 Dec", parse_mode=None, entities=[entity])
    assert shown(sandbox, anna)[0]["entities"] == [
        {"type": "date_time", "offset": 3, "length": 5, "unix_time": 1764547200, "date_time_format": "D"}
    ]
    with pytest.raises(TelegramBadRequest, match="ENTITY_BOUNDS_INVALID"):
        await bot.send_message(
            anna, "short", parse_mode=None, entities=[MessageEntity(type="bold", offset=3, length=9)]
        )


async def test_length_is_counted_in_letters_after_the_markup_is_read(
    sandbox: Sandbox, bot: Bot, anna: int
) -> None:
    await bot.send_message(anna, "<b>" + "🎉" * 4096 + "</b>")
    assert len(shown(sandbox, anna)[0]["text"]) == 4096
    with pytest.raises(TelegramBadRequest, match="message is too long"):
        await bot.send_message(anna, "x" * 4097)


@pytest.mark.parametrize("text", ["   ", "<b> </b>"])
async def test_a_message_that_says_nothing_is_refused(bot: Bot, anna: int, text: str) -> None:
    with pytest.raises(TelegramBadRequest, match="message text is empty"):
        await bot.send_message(anna, text)


@pytest.mark.parametrize(
    ("pressed", "words"),
    [
        (button(callback_data="é" * 33), "BUTTON_DATA_INVALID"),
        (
            button("Only text", callback_data=None),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (button(" ", callback_data="x"), "inline keyboard button text must be non-empty"),
        (button(callback_data="x", style="pink"), "button style specified"),
        (
            button(url="http://localhost:8000"),
            "inline keyboard button URL 'http://localhost:8000' is invalid: Wrong HTTP URL",
        ),
        (button(url="ftp://a.example"), "Unsupported URL protocol"),
        (button(web_app=WebAppInfo(url="http://127.0.0.1:1/")), "Only HTTPS links are allowed"),
        (button(copy_text=CopyTextButton(text="x" * 257)), "BUTTON_COPY_TEXT_INVALID"),
        (button(url="https://a.example", callback_data="x"), "Exactly one action"),
    ],
)
async def test_a_button_that_telegram_refuses_is_refused(
    sandbox: Sandbox, bot: Bot, anna: int, pressed: InlineKeyboardButton, words: str
) -> None:
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.send_message(anna, "Menu", reply_markup=keyboard(pressed))
    assert words in refused.value.message
    assert shown(sandbox, anna) == []
    assert [call.method for call in sandbox.calls.refusals] == ["sendMessage"]


async def test_a_callback_of_64_bytes_passes(bot: Bot, anna: int) -> None:
    await bot.send_message(anna, "Menu", reply_markup=keyboard(button(callback_data="é" * 32)))


@pytest.mark.parametrize(("rows", "width"), [(13, 8), (1, 9)])
async def test_a_keyboard_that_is_too_large_is_refused(bot: Bot, anna: int, rows: int, width: int) -> None:
    wall = InlineKeyboardMarkup(inline_keyboard=[[button()] * width] * rows)
    with pytest.raises(TelegramBadRequest, match="reply markup is too long"):
        await bot.send_message(anna, "Menu", reply_markup=wall)


async def test_an_edit_changes_the_message_in_place(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    sent = await bot.send_message(anna, "Menu", reply_markup=keyboard(button()))
    edited = await bot.edit_message_text("<i>Top up</i>", chat_id=anna, message_id=sent.message_id)
    assert isinstance(edited, Message)
    assert edited.edit_date is not None
    (message,) = shown(sandbox, anna)
    assert (message["text"], message["reply_markup"]) == ("Top up", None)


async def test_the_same_again_is_not_an_edit_but_another_colour_is(bot: Bot, anna: int) -> None:
    sent = await bot.send_message(anna, "<b>Menu</b>", reply_markup=keyboard(button()))
    with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message content"):
        await bot.edit_message_text(
            "<strong>Menu</strong>",
            chat_id=anna,
            message_id=sent.message_id,
            reply_markup=keyboard(button()),
        )
    await bot.edit_message_reply_markup(
        chat_id=anna,
        message_id=sent.message_id,
        reply_markup=keyboard(button(callback_data="buy", style="danger")),
    )


async def test_what_is_not_there_can_be_neither_edited_nor_deleted_nor_answered(bot: Bot, anna: int) -> None:
    sent = await bot.send_message(anna, "Menu")
    assert await bot.delete_message(anna, sent.message_id)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("x", chat_id=anna, message_id=sent.message_id)
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await bot.delete_message(anna, sent.message_id)
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(anna, "x", reply_parameters=ReplyParameters(message_id=sent.message_id))
    assert await bot.delete_messages(anna, [sent.message_id, 999])


async def test_a_persons_message_cannot_be_edited(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    theirs = sandbox.telegram.people.view(anna)["messages"][0]["message_id"]
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("x", chat_id=anna, message_id=theirs)


async def test_after_two_days_a_message_stays(
    sandbox: Sandbox, bot: Bot, anna: int, http: aiohttp.ClientSession
) -> None:
    sent = await bot.send_message(anna, "Menu")
    await http.post("/sim/clock", json={"days": 2, "seconds": 1})
    with pytest.raises(TelegramBadRequest, match="message can't be deleted"):
        await bot.delete_message(anna, sent.message_id)


async def test_a_bot_may_not_write_first(sandbox: Sandbox, bot: Bot) -> None:
    stranger = sandbox.telegram.people.add("Boris")
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(stranger.id, "Hello")


async def test_who_blocked_the_bot_is_written_to_no_more(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    sandbox.telegram.people.block(anna, blocked=True)
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(anna, "Hello")
    sandbox.telegram.people.block(anna, blocked=False)
    await bot.send_message(anna, "Welcome back")


async def test_a_document_can_be_downloaded_by_bot_and_person(
    sandbox: Sandbox, bot: Bot, anna: int, http: aiohttp.ClientSession
) -> None:
    sent = await bot.send_document(
        anna, BufferedInputFile(b"date;points\n", "history.csv"), caption="<b>CSV</b>"
    )
    assert sent.document is not None
    assert sent.document.file_name == "history.csv"
    assert sent.caption == "CSV"
    downloaded = await bot.download(sent.document)
    assert downloaded is not None
    assert downloaded.read() == b"date;points\n"
    answer = await http.get(f"/sim/file/{sent.document.file_id}")
    assert "history.csv" in answer.headers["Content-Disposition"]
    assert await answer.read() == b"date;points\n"
    again = await bot.send_document(anna, sent.document.file_id)
    assert again.document == sent.document
    with pytest.raises(TelegramBadRequest, match="message caption is too long"):
        await bot.send_document(anna, sent.document.file_id, caption="x" * 1025)
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await bot.edit_message_text("x", chat_id=anna, message_id=sent.message_id)
    edited = await bot.edit_message_caption(chat_id=anna, message_id=sent.message_id, caption="Export")
    assert isinstance(edited, Message)
    assert edited.caption == "Export"


async def test_a_photo_must_be_a_picture_of_sane_size(bot: Bot, anna: int) -> None:
    sent = await bot.send_photo(anna, BufferedInputFile(png(640, 480), "chart.png"))
    assert sent.photo is not None
    assert (sent.photo[0].width, sent.photo[0].height) == (640, 480)
    with pytest.raises(TelegramBadRequest, match="IMAGE_PROCESS_FAILED"):
        await bot.send_photo(anna, BufferedInputFile(b"not a picture", "chart.png"))
    with pytest.raises(TelegramBadRequest, match="PHOTO_INVALID_DIMENSIONS"):
        await bot.send_photo(anna, BufferedInputFile(png(9000, 2000), "chart.png"))


async def test_typing_shows_until_the_message_comes(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    await bot.send_chat_action(anna, "typing")
    assert sandbox.telegram.people.view(anna)["typing"] is True
    await bot.send_message(anna, "Done")
    assert sandbox.telegram.people.view(anna)["typing"] is False


async def test_json_and_query_calls_are_read_like_forms(
    sandbox: Sandbox, anna: int, http: aiohttp.ClientSession
) -> None:
    markup = {"inline_keyboard": [[{"text": "Buy", "callback_data": "buy"}]]}
    answer = await http.post(
        "/bot42:sandbox-token/SENDMESSAGE", json={"chat_id": anna, "text": "A", "reply_markup": markup}
    )
    assert (await answer.json())["result"]["reply_markup"] == markup
    answer = await http.get("/bot42:sandbox-token/sendMessage", params={"chat_id": str(anna), "text": "B"})
    assert (await answer.json())["result"]["text"] == "B"
    answer = await http.post("/bot42:sandbox-token/sendMessage", json={"chat_id": anna})
    assert (answer.status, (await answer.json())["description"]) == (
        400,
        "Bad Request: message text is empty",
    )


async def test_an_unknown_parameter_passes_but_is_held_against_the_bot(
    sandbox: Sandbox, bot: Bot, anna: int
) -> None:
    odd = InlineKeyboardButton(text="Buy", callback_data="x", colour="red")
    await bot(SendMessage(chat_id=anna, text="Menu", foo=1, reply_markup=keyboard(odd)))
    assert [violation.what for violation in sandbox.calls.violations] == [
        "unknown parameter foo",
        "unknown parameter reply_markup.inline_keyboard[0][0].colour",
    ]
    assert len(sandbox.calls.refusals) == 1


async def test_an_unknown_method_is_not_found(sandbox: Sandbox, bot: Bot) -> None:
    class SendInvoiceByPost(TelegramMethod[bool]):
        __returning__ = bool
        __api_method__ = "sendInvoiceByPost"

    with pytest.raises(TelegramNotFound):
        await bot(SendInvoiceByPost())
    assert [violation.what for violation in sandbox.calls.violations] == ["unknown method"]


async def test_a_token_stands_for_one_bot(connect: Callable[[str], Awaitable[Bot]], bot: Bot) -> None:
    other = await connect("43:other")
    assert (await other.get_me()).username != (await bot.get_me()).username
    guess = await connect("42:guess")
    with pytest.raises(TelegramUnauthorizedError):
        await guess.get_me()


async def test_tokens_never_stand_in_the_log(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    await bot.set_webhook("http://127.0.0.1:9/", secret_token="hush-hush")
    with pytest.raises(TelegramAPIError):
        await bot.send_message(404, "x")
    log = str(sandbox.calls.after(0))
    assert "hush-hush" not in log
    assert "sandbox-token" not in log
