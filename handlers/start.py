"""/start with everything it can carry, /menu, and what nobody else understood."""

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject, CommandStart, Filter
from aiogram.fsm.context import FSMContext
from aiogram.types import BotCommand, BotCommandScopeChat, CallbackQuery, Message

from billing import orders, people
from billing.call import Call
from handlers import commands
from handlers.context import Speaker
from handlers.customer.autotopup import back_from_card
from handlers.customer.home import home_screen
from handlers.customer.orders import back_screen, moved_screen, paid_screen
from handlers.customer.plan import back_from_page
from handlers.landing import landing
from handlers.partner.desk import desk_screen
from handlers.screens import Screen, send, show
from handlers.services import Services
from handlers.tongue import h
from storage.models import OrderStatus

JOIN = "j_"
PAID = "paid_"
PLAN = "plan_"
CARD = "card_"
_LARGEST_ID = 2**63 - 1
"""What the database can look up; anything above was typed by hand."""


class MenuButton(Filter):
    """The plain "menu" button that works on every screen, however old."""

    async def __call__(self, query: CallbackQuery) -> bool:
        return query.data == "menu"


def router() -> Router:
    router = Router(name="start")
    router.message.register(on_start, CommandStart())
    router.message.register(on_menu, Command("menu"))
    router.callback_query.register(on_menu_button, MenuButton())
    return router


async def on_start(
    message: Message,
    command: CommandObject,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """Greets, joins by invite, or shows the order that was just paid."""
    await state.clear()
    if speaker.visitor.desk:
        await _set_desk_commands(bot, message.chat.id, speaker)
    payload = (command.args or "").strip()
    if payload.startswith(JOIN):
        screen = await _join(services, speaker, payload.removeprefix(JOIN))
    elif payload.startswith(PAID) and payload.removeprefix(PAID).isdecimal():
        await _back_from_payment(message, bot, services, speaker, int(payload.removeprefix(PAID)))
        return
    elif payload.startswith(PLAN) and payload.removeprefix(PLAN).isdecimal():
        screen = await back_from_page(services, speaker, int(payload.removeprefix(PLAN)))
    elif payload.startswith(CARD) and payload.removeprefix(CARD).isdecimal():
        screen = await back_from_card(services, speaker, min(int(payload.removeprefix(CARD)), _LARGEST_ID))
    else:
        screen = await landing(services, speaker)
    await show(bot, message, screen)


async def _back_from_payment(
    message: Message, bot: Bot, services: Services, speaker: Speaker, order_id: int
) -> None:
    """Stripe's page leads back here. What was paid changes the message it was paid from; this one says where we are."""
    view = await services.checkout.look(speaker.person_id, min(order_id, _LARGEST_ID))
    services.wake()
    if view.status == OrderStatus.PAID:
        home = await home_screen(services, speaker, view.workspace_id)
        await show(bot, message, paid_screen(speaker.t, view, home))
        return
    still_open = view.status in {OrderStatus.OPEN, OrderStatus.WAITING}
    if still_open and view.message_id is not None:
        await send(bot, message.chat.id, moved_screen(speaker.t, view), view.message_id)
    message_id = await show(bot, message, back_screen(speaker.t, view))
    if still_open:
        await services.db.write(orders.show_at, speaker.call, view.id, message.chat.id, message_id)


async def _set_desk_commands(bot: Bot, chat_id: int, speaker: Speaker) -> None:
    """The command menu of somebody who works for the partner; everybody else has the customers'."""
    listed = commands.described(commands.PARTNER, speaker.t)
    await bot.set_my_commands(
        [BotCommand(command=name, description=text) for name, text in listed],
        scope=BotCommandScopeChat(chat_id=chat_id),
    )


async def _join(services: Services, speaker: Speaker, code: str) -> Screen:
    joined = await services.db.write(people.accept_invite, speaker.call, code)
    services.wake()
    fresh = await services.db.read(people.known, await _telegram_id(services, speaker))
    assert fresh is not None
    member = Speaker(
        fresh, Call(speaker.call.at, speaker.call.reference, speaker.call.bot_id, fresh.person_id), speaker.t
    )
    if joined.workspace_id is None:
        return await desk_screen(services, member)
    screen = await home_screen(services, member, joined.workspace_id)
    welcome = speaker.t("Welcome to {name}.", name=h(joined.name))
    return Screen(f"{welcome}\n\n{screen.text}", screen.rows)


async def _telegram_id(services: Services, speaker: Speaker) -> int:
    from storage import people as rows

    person = await services.db.read(rows.person, speaker.person_id)
    assert person is not None
    assert person.telegram_id is not None
    return person.telegram_id


async def on_menu(
    message: Message, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    """The first screen, in a message of its own."""
    await state.clear()
    await show(bot, message, await landing(services, speaker))


async def on_menu_button(
    query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    """The first screen, in place."""
    await state.clear()
    await show(bot, query, await landing(services, speaker))


async def anything_else(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """What nobody understood is answered with the way on."""
    await show(bot, message, await landing(services, speaker))


async def changed_message(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """What was sent has been acted on, so that a change of it must not act again; a moving map point is no words."""
    if not (message.text or message.caption):
        return
    screen = await landing(services, speaker)
    said = speaker.t("A message that is changed afterwards isn't read again: send a new one.")
    await show(bot, message, Screen(f"{said}\n\n{screen.text}", screen.rows))


async def unknown_button(query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker) -> None:
    """A button of another time, or a forged one: the first screen, fresh."""
    await show(bot, query, await landing(services, speaker), speaker.t("Updated"))
