"""Limits: what plans and add-ons grant, and the partner's own (R20)."""

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing.catalogue import limits
from billing.catalogue.limits import Kind, LimitCard
from billing.errors import BadValueError, GoneError
from billing.points import AmountFormatError
from billing.text import required
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.addons import price_screen
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.routing import opens
from handlers.partner.typed import count
from handlers.partner.wrong import why
from handlers.questions import KEEPS_QUESTION, Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.limits")
    router.callback_query.register(opens(_limits), buttons.Limits.filter())
    router.callback_query.register(opens(_limit), buttons.LimitCard.filter())
    router.callback_query.register(on_new, buttons.NewLimit.filter())
    router.message.register(on_label_typed, Answers(Ask.limit_label))
    router.message.register(on_kind_typed, Answers(Ask.limit_kind))
    router.callback_query.register(on_kind, buttons.NewLimitKind.filter(), flags=KEEPS_QUESTION)
    router.callback_query.register(on_rename, buttons.RenameLimit.filter())
    router.message.register(on_new_name_typed, Answers(Ask.limit_rename))
    router.callback_query.register(on_sell, buttons.SellLimit.filter())
    router.message.register(on_grant_typed, Answers(Ask.limit_grant))
    return router


async def limits_screen(services: Services, speaker: Speaker) -> Screen:
    return limits_view(speaker.t, await services.db.read(limits.limit_cards, speaker.person_id))


async def _limits(services: Services, speaker: Speaker, _: buttons.Limits) -> Screen:
    return await limits_screen(services, speaker)


def limits_view(t: Tongue, cards: list[LimitCard]) -> Screen:
    """Every limit with its kind."""
    return Screen.of(
        f"<b>{t('Limits')}</b>",
        t("What plans and add-ons grant. Who uses more than that is paused."),
        "",
        *[f"{h(card.label)} · {kind_name(t, card.kind)}" for card in cards],
        rows=[
            *[
                [button(card.label, buttons.LimitCard(code=card.code)) for card in cards[start : start + 2]]
                for start in range(0, len(cards), 2)
            ],
            [button(t("Add a limit"), buttons.NewLimit())],
            [button(t("‹ Settings"), buttons.Settings())],
        ],
    )


def kind_name(t: Tongue, kind: Kind) -> str:
    match kind:
        case "counted":
            return t("counted")
        case "per_cycle":
            return t("counted anew each month")
        case "granted":
            return t("only granted")


async def _limit(services: Services, speaker: Speaker, tap: buttons.LimitCard) -> Screen:
    return limit_view(speaker.t, await _card(services, speaker, tap.code))


async def _card(services: Services, speaker: Speaker, code: str) -> LimitCard:
    cards = await services.db.read(limits.limit_cards, speaker.person_id)
    card = next((each for each in cards if each.code == code), None)
    if card is None:
        raise GoneError
    return card


def limit_view(t: Tongue, card: LimitCard, news: str | None = None) -> Screen:
    """One limit, what raises it, and the name by which a platform reports it."""
    raised = (
        t("Add-ons  {addons}", addons=h(", ".join(card.addons)))
        if card.addons
        else t("No add-on raises it yet.")
    )
    reported = t("Your platform reports it as <code>{code}</code>.", code=h(card.code))
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{h(card.label)}</b> · {kind_name(t, card.kind)}",
        raised,
        reported if card.kind != "granted" else None,
        rows=[
            [
                button(
                    t("Sell more of it"),
                    buttons.SellLimit(code=card.code),
                    None if card.addons else "success",
                ),
                button(t("Rename"), buttons.RenameLimit(code=card.code)),
            ],
            [button(t("‹ Limits"), buttons.Limits())],
        ],
    )


async def on_new(
    query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    await ask(services, speaker, state, Ask.limit_label)
    await show(bot, query, _label_question(speaker.t))


def _label_question(t: Tongue, said: str | None = None) -> Screen:
    return question_screen(
        t,
        f"<b>{t('Add a limit')}</b>",
        t("What is counted or granted? Customers read it, for example <i>Broadcasts</i>."),
        back=buttons.Limits(),
        why=said,
    )


async def on_label_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    try:
        label = required(typed, "label")
    except BadValueError as error:
        await show(bot, message, _label_question(speaker.t, why(error, speaker.t)))
        return
    await ask(services, speaker, state, Ask.limit_kind, label=label)
    await show(bot, message, _kind_question(speaker.t, label))


def _kind_question(t: Tongue, label: str) -> Screen:
    kinds: tuple[tuple[str, Kind], ...] = (
        (t("Counted, like bots"), "counted"),
        (t("Counted anew each month, like requests"), "per_cycle"),
        (t("Only granted, like a timeout"), "granted"),
    )
    return question_screen(
        t,
        f"<b>{h(label)}</b>",
        t("How does it work?"),
        back=buttons.Limits(),
        choices=[[button(text, buttons.NewLimitKind(kind=kind))] for text, kind in kinds],
    )


async def on_kind_typed(message: Message, bot: Bot, speaker: Speaker, state: FSMContext) -> None:
    """Typed where a button is meant: the same question again."""
    await show(bot, message, _kind_question(speaker.t, (await state.get_data())["label"]))


async def on_kind(
    query: CallbackQuery,
    callback_data: buttons.NewLimitKind,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    label = (await state.get_data()).get("label")
    if label is None:
        raise GoneError
    try:
        code = await services.db.write(limits.add_limit, speaker.call, label, callback_data.kind)
    except BadValueError as error:
        await ask(services, speaker, state, Ask.limit_label)
        await show(bot, query, _label_question(speaker.t, why(error, speaker.t)))
        return
    await state.clear()
    news = speaker.t("Added. Nobody has any of it until a plan or an add-on grants some.")
    await show(bot, query, limit_view(speaker.t, await _card(services, speaker, code), news))


async def on_rename(
    query: CallbackQuery,
    callback_data: buttons.RenameLimit,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    card = await _card(services, speaker, callback_data.code)
    await ask(services, speaker, state, Ask.limit_rename, code=card.code)
    await show(bot, query, _rename_question(speaker.t, card))


def _rename_question(t: Tongue, card: LimitCard, said: str | None = None) -> Screen:
    return question_screen(
        t,
        f"<b>{h(card.label)}</b>",
        t("What should customers read?"),
        back=buttons.LimitCard(code=card.code),
        why=said,
    )


async def on_new_name_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    code = (await state.get_data())["code"]
    try:
        await services.db.write(limits.rename_limit, speaker.call, code, typed)
    except BadValueError as error:
        card = await _card(services, speaker, code)
        screen = _rename_question(speaker.t, card, why(error, speaker.t))
    else:
        await state.clear()
        screen = limit_view(speaker.t, await _card(services, speaker, code))
    await show(bot, message, screen)


async def on_sell(
    query: CallbackQuery,
    callback_data: buttons.SellLimit,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    card = await _card(services, speaker, callback_data.code)
    await ask(services, speaker, state, Ask.limit_grant, code=card.code)
    await show(bot, query, _grant_question(speaker.t, card))


def _grant_question(t: Tongue, card: LimitCard, said: str | None = None) -> Screen:
    return question_screen(
        t,
        f"<b>{h(card.label)}</b>",
        t("A new add-on. How much more does one unit give? For example <code>10</code>."),
        back=buttons.LimitCard(code=card.code),
        why=said,
    )


async def on_grant_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    """The new add-on's own screen, where its price is set."""
    code = (await state.get_data())["code"]
    try:
        grant = count(typed, speaker.t)
        addon_id = await services.db.write(limits.sell_limit, speaker.call, code, grant)
    except (AmountFormatError, BadValueError) as error:
        card = await _card(services, speaker, code)
        screen = _grant_question(speaker.t, card, why(error, speaker.t, "10"))
    else:
        await state.clear()
        screen = await price_screen(services, speaker, addon_id)
    await show(bot, message, screen)
