"""What a bot sets up about itself, and which of it a person sees."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    MenuButtonCommands,
    MenuButtonWebApp,
    WebAppInfo,
)

from sandbox.state import Sandbox


def menu(sandbox: Sandbox, user_id: int) -> list[str]:
    return [entry["command"] for entry in sandbox.telegram.people.view(user_id)["commands"]]


async def test_the_bot_knows_itself(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.is_bot, me.username) == (42, True, "addondesk_demo_bot")


async def test_the_narrowest_scope_and_the_persons_language_win(
    sandbox: Sandbox, bot: Bot, anna: int
) -> None:
    def command(name: str) -> list[BotCommand]:
        return [BotCommand(command=name, description="What it does")]

    await bot.set_my_commands(command("all"))
    assert menu(sandbox, anna) == ["all"]
    await bot.set_my_commands(command("private"), scope=BotCommandScopeAllPrivateChats())
    await bot.set_my_commands(command("privat"), scope=BotCommandScopeAllPrivateChats(), language_code="de")
    assert menu(sandbox, anna) == ["privat"]
    hers = BotCommandScopeChat(chat_id=anna)
    await bot.set_my_commands(command("partner"), scope=hers)
    assert menu(sandbox, anna) == ["partner"]
    assert [one.command for one in await bot.get_my_commands(scope=hers)] == ["partner"]
    await bot.delete_my_commands(scope=hers)
    assert menu(sandbox, anna) == ["privat"]


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([BotCommand(command="Top-Up", description="x")], "BOT_COMMAND_INVALID"),
        ([BotCommand(command="x" * 33, description="x")], "command length must not exceed 32"),
        ([BotCommand(command="x", description="x" * 257)], "command description length must not exceed 256"),
        ([BotCommand(command=f"c{n}", description="x") for n in range(101)], "too many commands"),
    ],
)
async def test_commands_that_telegram_refuses(bot: Bot, commands: list[BotCommand], words: str) -> None:
    with pytest.raises(TelegramBadRequest, match=words):
        await bot.set_my_commands(commands)


async def test_commands_for_an_unknown_chat_or_language_are_refused(bot: Bot) -> None:
    commands = [BotCommand(command="x", description="x")]
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.set_my_commands(commands, scope=BotCommandScopeChat(chat_id=5))
    with pytest.raises(TelegramBadRequest, match="invalid language code"):
        await bot.set_my_commands(commands, language_code="german")


async def test_the_menu_button(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    desk = MenuButtonWebApp(text="Desk", web_app=WebAppInfo(url="https://desk.example/"))
    await bot.set_chat_menu_button(chat_id=anna, menu_button=desk)
    assert isinstance(await bot.get_chat_menu_button(chat_id=anna), MenuButtonWebApp)
    assert sandbox.telegram.people.view(anna)["menu_button"]["text"] == "Desk"
    assert isinstance(await bot.get_chat_menu_button(), MenuButtonCommands)
    with pytest.raises(TelegramBadRequest, match="Only HTTPS links are allowed"):
        await bot.set_chat_menu_button(
            menu_button=MenuButtonWebApp(text="Desk", web_app=WebAppInfo(url="http://127.0.0.1/"))
        )


async def test_descriptions_fall_back_to_the_general_one(bot: Bot) -> None:
    await bot.set_my_description("Points and add-ons")
    await bot.set_my_description("Punkte und Add-ons", language_code="de")
    await bot.set_my_short_description("Points")
    assert (await bot.get_my_description(language_code="de")).description == "Punkte und Add-ons"
    assert (await bot.get_my_description(language_code="fr")).description == "Points and add-ons"
    assert (await bot.get_my_short_description()).short_description == "Points"
    with pytest.raises(TelegramBadRequest):
        await bot.set_my_short_description("x" * 121)


async def test_a_chat_is_described(bot: Bot, anna: int) -> None:
    chat = await bot.get_chat(anna)
    assert (chat.type, chat.first_name, chat.last_name) == ("private", "Anna", "Berg")
