"""Add-ons of a workspace from the desk: set units at a quoted sum, remove with or without refund (R10, R26)."""

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from billing import addons
from billing.addons import MOST_UNITS, AddonOffer, Changed, Quote
from billing.errors import (
    BadValueError,
    GoneError,
    NotEnoughPointsError,
    OverLimitError,
    QuoteChangedError,
)
from billing.points import AmountFormatError
from billing.workspaces import WorkspaceCard
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.routing import opens
from handlers.partner.typed import count
from handlers.partner.workspaces import current_card
from handlers.partner.wrong import why
from handlers.questions import Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.units")
    router.callback_query.register(opens(_units), buttons.Units.filter())
    router.callback_query.register(opens(_units_of), buttons.UnitsOf.filter())
    router.callback_query.register(on_type_units, buttons.TypeUnits.filter())
    router.message.register(on_units_typed, Answers(Ask.units))
    router.callback_query.register(opens(_quote), buttons.QuoteUnits.filter())
    router.callback_query.register(opens(_set_units), buttons.SetUnits.filter())
    router.callback_query.register(opens(_undo), buttons.UndoUnits.filter())
    return router


async def _units(services: Services, speaker: Speaker, tap: buttons.Units) -> Screen:
    return units_view(speaker.t, await current_card(services, speaker, tap.id))


def units_view(t: Tongue, card: WorkspaceCard) -> Screen:
    """What the workspace has and could have."""
    return Screen.of(
        f"<b>{h(card.name)}</b> · {t('add-ons')}",
        t("{points} points", points=t.points(card.balance)),
        rows=[
            *[
                [button(_offered(t, offer), buttons.UnitsOf(id=card.id, addon_id=offer.id))]
                for offer in card.offers
            ],
            [button(t("Prices"), buttons.Prices())] if not card.offers else None,
            [button(t("‹ {name}", name=card.name), buttons.WorkspaceCard(id=card.id))],
        ],
    )


def _offered(t: Tongue, offer: AddonOffer) -> str:
    price = t("{points} points", points=t.points(offer.price))
    return f"{offer.label} ×{t.number(offer.units)} · {price}" if offer.units else f"{offer.label} · {price}"


async def _units_of(services: Services, speaker: Speaker, tap: buttons.UnitsOf) -> Screen:
    card = await current_card(services, speaker, tap.id)
    return units_of_view(speaker.t, card, _offer(card, tap.addon_id))


def _offer(card: WorkspaceCard, addon_id: int) -> AddonOffer:
    offer = next((each for each in card.offers if each.id == addon_id), None)
    if offer is None:
        raise GoneError
    return offer


def units_of_view(t: Tongue, card: WorkspaceCard, offer: AddonOffer) -> Screen:
    """How many it should be in all."""
    around = sorted({0, 1, 2, 3, 5, max(0, offer.units - 1), offer.units, offer.units + 1})
    choices = [
        button(
            f"{t.number(units)} ✓" if units == offer.units else t.number(units),
            buttons.QuoteUnits(id=card.id, addon_id=offer.id, units=units),
        )
        for units in around
    ]
    return Screen.of(
        f"<b>{h(card.name)}</b> · {h(offer.label)}",
        t("It has {units}. How many should it be in all?", units=t.number(offer.units)),
        t("{points} points a month each.", points=t.points(offer.price)),
        rows=[
            choices[:4],
            [*choices[4:], button(t("other"), buttons.TypeUnits(id=card.id, addon_id=offer.id))],
            [button(t("‹ Add-ons"), buttons.Units(id=card.id))],
        ],
    )


async def on_type_units(
    query: CallbackQuery,
    callback_data: buttons.TypeUnits,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    tap = callback_data
    await ask(services, speaker, state, Ask.units, workspace_id=tap.id, addon_id=tap.addon_id)
    await show(bot, query, _how_many(speaker.t, tap.id, tap.addon_id))


def _how_many(t: Tongue, workspace_id: int, addon_id: int, said: str | None = None) -> Screen:
    return question_screen(
        t,
        t("How many should it be in all? Type a number, for example <code>4</code>."),
        back=buttons.UnitsOf(id=workspace_id, addon_id=addon_id),
        why=said,
    )


async def on_units_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await state.get_data()
    workspace_id, addon_id = data["workspace_id"], data["addon_id"]
    try:
        units = count(typed, speaker.t, most=MOST_UNITS)
    except (AmountFormatError, BadValueError) as error:
        screen = _how_many(speaker.t, workspace_id, addon_id, why(error, speaker.t, "4"))
    else:
        wanted = buttons.QuoteUnits(id=workspace_id, addon_id=addon_id, units=units)
        screen = await _quote(services, speaker, wanted)
        await state.clear()
    await show(bot, message, screen)


async def _quote(services: Services, speaker: Speaker, tap: buttons.QuoteUnits) -> Screen:
    await current_card(services, speaker, tap.id)
    quote = await services.db.read(
        addons.quote_from_desk, speaker.person_id, tap.id, tap.addon_id, tap.units, services.clock.now()
    )
    return quote_view(speaker.t, quote)


def quote_view(t: Tongue, quote: Quote, news: str | None = None) -> Screen:
    """What the change would do to the customer's points, before it is made (R11)."""
    before, after = t.number(quote.units_before), t.number(quote.units_after)
    heading = f"<b>{h(quote.workspace)}</b> · {h(quote.label)}: {before} → {after}"
    back = [button(t("‹ Back"), buttons.UnitsOf(id=quote.workspace_id, addon_id=quote.addon_id))]
    if quote.units_after == quote.units_before:
        return Screen.of(heading, t("It has that many already."), rows=[back])
    if quote.missing:
        return Screen.of(
            news,
            heading,
            t("Costs {points} points.", points=t.points(quote.amount)),
            t(
                "The workspace has {balance}: {missing} are missing.",
                balance=t.points(quote.balance),
                missing=t.points(quote.missing),
            ),
            rows=[[button(t("± Points"), buttons.Points(id=quote.workspace_id), "success")], back],
        )
    removing = quote.units_after < quote.units_before
    return Screen.of(
        news,
        heading,
        _what_it_moves(t, quote),
        t(
            "{before} points, then {after}.",
            before=t.points(quote.balance),
            after=t.points(quote.balance_after),
        ),
        *over_lines(t, quote),
        rows=[*(_removal_rows(t, quote) if removing else _adding_rows(t, quote)), back],
    )


def _what_it_moves(t: Tongue, quote: Quote) -> str:
    days, of = quote.days_left, quote.days_of
    if quote.amount > 0:
        cost = t.points(quote.amount)
        return t("Costs {points} points for {days} of {of} days.", points=cost, days=days, of=of)
    back = t.points(-quote.amount)
    if quote.amount < 0 and quote.units_after > quote.units_before:
        return t("Gives back {points} points, for days without billing.", points=back)
    if quote.amount < 0:
        return t("Gives back {points} points for {days} of {of} days.", points=back, days=days, of=of)
    if quote.units_after < quote.units_before:
        return t("Nothing goes back for this month.")
    return t("Free to the end of the month.")


def over_lines(t: Tongue, quote: Quote) -> list[str]:
    """The limits that a removal would exceed (R23)."""
    return [
        t(
            "⚠ It uses {used} {label} and would have {allowed}: it would pause.",
            used=t.number(used),
            label=h(label),
            allowed=t.number(allowed),
        )
        for label, used, allowed in quote.over
    ]


def _set(quote: Quote, *, refund: bool) -> buttons.SetUnits:
    return buttons.SetUnits(
        id=quote.workspace_id,
        addon_id=quote.addon_id,
        units=quote.units_after,
        refund=refund,
        quoted=quote.amount,
    )


def _adding_rows(t: Tongue, quote: Quote) -> list[list[InlineKeyboardButton]]:
    text = t("Add for {points} points", points=t.points(quote.amount)) if quote.amount > 0 else t("Add, free")
    return [[button(text, _set(quote, refund=True), "success")]]


def _removal_rows(t: Tongue, quote: Quote) -> list[list[InlineKeyboardButton]]:
    if not quote.amount:
        return [[button(t("Remove"), _set(quote, refund=True), "danger")]]
    with_refund = t("Remove and give {points} back", points=t.points(-quote.amount))
    return [
        [button(with_refund, _set(quote, refund=True), "danger")],
        [button(t("Remove without refund"), _set(quote, refund=False))],
    ]


async def _set_units(services: Services, speaker: Speaker, tap: buttons.SetUnits) -> Screen:
    t = speaker.t
    try:
        changed = await services.db.write(
            addons.set_units_from_desk,
            speaker.call,
            tap.id,
            tap.addon_id,
            tap.units,
            refund=tap.refund,
            quoted=tap.quoted,
            accept_over=tap.over,
        )
    except OverLimitError as error:
        return over_view(t, error.quote, tap)
    except QuoteChangedError as error:
        return quote_view(t, error.quote, t("The sum has changed. This is the new one."))
    except NotEnoughPointsError as error:
        return quote_view(t, error.quote)
    services.wake()
    return changed_view(t, changed)


def over_view(t: Tongue, quote: Quote, tap: buttons.SetUnits) -> Screen:
    """The second tap of a removal that pauses the workspace (R23)."""
    sure = tap.model_copy(update={"over": True})
    return Screen.of(
        f"<b>{t('This pauses {workspace}', workspace=h(quote.workspace))}</b>",
        *over_lines(t, quote),
        rows=[
            [button(t("Remove all the same"), sure, "danger")],
            [button(t("‹ Back"), buttons.UnitsOf(id=quote.workspace_id, addon_id=quote.addon_id))],
        ],
    )


async def _undo(services: Services, speaker: Speaker, tap: buttons.UndoUnits) -> Screen:
    try:
        changed = await services.db.write(
            addons.undo_from_desk, speaker.call, tap.id, tap.addon_id, tap.number
        )
    except NotEnoughPointsError as error:
        return quote_view(speaker.t, error.quote)
    services.wake()
    return changed_view(speaker.t, changed)


def changed_view(t: Tongue, changed: Changed) -> Screen:
    """What was done, with the way back for ten minutes (R9)."""
    moved = (
        t("{points} points were charged.", points=t.points(changed.amount))
        if changed.amount > 0
        else t("{points} points went back.", points=t.points(-changed.amount))
        if changed.amount < 0
        else t("No points were moved.")
    )
    undo = (
        button(
            t("Undo (10 min)"),
            buttons.UndoUnits(id=changed.workspace_id, addon_id=changed.addon_id, number=changed.number),
        )
        if changed.number is not None
        else None
    )
    return Screen.of(
        f"<b>{h(changed.label)}</b>: {t.number(changed.units_before)} → {t.number(changed.units)}",
        f"{moved} {t('{points} points left.', points=t.points(changed.balance))}",
        t("The workspace is paused.") if changed.paused else None,
        rows=[
            [undo] if undo is not None else None,
            [
                button(t("‹ Add-ons"), buttons.Units(id=changed.workspace_id)),
                button(t("‹ Workspace"), buttons.WorkspaceCard(id=changed.workspace_id)),
            ],
        ],
    )
