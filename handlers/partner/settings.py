"""/settings: the partner's switches."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import catalogue
from billing.errors import BadValueError
from billing.invoicing import invoicing_of
from billing.points import AmountFormatError
from handlers.context import Speaker
from handlers.customer.buttons import Preferences
from handlers.partner import buttons
from handlers.partner.desk import desk_screen
from handlers.partner.invoices import invoicing_line
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.routing import opens, says
from handlers.partner.typed import count
from handlers.partner.wrong import why
from handlers.questions import Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage.models import Partner


def router() -> Router:
    router = Router(name="partner.settings")
    router.message.register(says(settings_screen), Command("settings"))
    router.callback_query.register(opens(_settings), buttons.Settings.filter())
    router.callback_query.register(opens(_credit_billing), buttons.CreditBilling.filter())
    router.callback_query.register(opens(_may_remove), buttons.CustomersMayRemove.filter())
    router.callback_query.register(opens(_removal_date), buttons.ChargeRemovalDate.filter())
    router.callback_query.register(on_type_days, buttons.TypeDays.filter())
    router.message.register(on_days_typed, Answers(Ask.setting_days))
    router.callback_query.register(on_type_name, buttons.TypeName.filter())
    router.message.register(on_name_typed, Answers(Ask.partner_name))
    return router


async def settings_screen(services: Services, speaker: Speaker) -> Screen:
    """All switches with what they mean."""
    partner, _, _ = await services.db.read(catalogue.pack_cards, speaker.person_id)
    return settings_view(speaker.t, partner)


async def _settings(services: Services, speaker: Speaker, _: buttons.Settings) -> Screen:
    return await settings_screen(services, speaker)


async def _credit_billing(services: Services, speaker: Speaker, tap: buttons.CreditBilling) -> Screen:
    await services.db.write(catalogue.set_credit_billing, speaker.call, on=tap.on)
    if tap.settings:
        return await settings_screen(services, speaker)
    return await desk_screen(services, speaker)


async def _may_remove(services: Services, speaker: Speaker, tap: buttons.CustomersMayRemove) -> Screen:
    await services.db.write(catalogue.set_customers_may_remove, speaker.call, may=tap.may)
    return await settings_screen(services, speaker)


async def _removal_date(services: Services, speaker: Speaker, tap: buttons.ChargeRemovalDate) -> Screen:
    await services.db.write(catalogue.set_charge_removal_date, speaker.call, on=tap.on)
    return await settings_screen(services, speaker)


def settings_view(t: Tongue, partner: Partner) -> Screen:
    """Each switch says what it is now; its button names what it will be (R13)."""
    billing, removing, removal_date = (
        partner.credit_billing,
        partner.customers_may_remove,
        partner.charge_removal_date,
    )
    return Screen.of(
        f"<b>{h(partner.name)}</b> · {t('settings')}",
        "",
        t("● Credit billing on: add-ons cost points.")
        if billing
        else t("○ Credit billing off: nothing is sold; you add and remove add-ons, free."),
        t("● Customers remove add-ons themselves.")
        if removing
        else t("○ Customers ask you to remove add-ons."),
        t("● The day of removal is charged.")
        if removal_date
        else t("○ The day of removal goes back to the customer."),
        "",
        t.n(
            "Not covered by points: add-ons stay {count} day, then they end.",
            "Not covered by points: add-ons stay {count} days, then they end.",
            partner.grace_days,
        )
        if partner.grace_days
        else t("Not covered by points: add-ons end on the renewal date."),
        t.n(
            "Auto top-up charges saved cards {count} hour before a renewal.",
            "Auto top-up charges saved cards {count} hours before a renewal.",
            partner.lead_hours,
        ),
        t.n(
            "Higher prices reach cycles that start {count} day or more after you set them.",
            "Higher prices reach cycles that start {count} days or more after you set them.",
            partner.price_notice_days,
        ),
        invoicing_line(t, invoicing_of(partner)),
        rows=[
            [
                button(
                    t("Switch credit billing off") if billing else t("Switch credit billing on"),
                    buttons.CreditBilling(on=not billing, settings=True),
                )
            ],
            [
                button(
                    t("Let customers ask for removals") if removing else t("Let customers remove themselves"),
                    buttons.CustomersMayRemove(may=not removing),
                )
            ],
            [
                button(
                    t("Give the day of removal back") if removal_date else t("Charge the day of removal"),
                    buttons.ChargeRemovalDate(on=not removal_date),
                )
            ],
            [
                button(t("Grace"), buttons.TypeDays(what="grace")),
                button(t("Card charge"), buttons.TypeDays(what="lead")),
                button(t("Price rises"), buttons.TypeDays(what="notice")),
            ],
            [
                button(t("Change your name"), buttons.TypeName()),
                button(t("Limits"), buttons.Limits()),
                button(t("Invoices"), buttons.Invoices()),
                button(t("Your notices"), Preferences()),
            ],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


async def on_type_name(
    query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    await ask(services, speaker, state, Ask.partner_name)
    await show(bot, query, _name_question(speaker.t))


def _name_question(t: Tongue, said: str | None = None) -> Screen:
    return question_screen(
        t,
        t("What is your business called? Customers and strangers read it."),
        back=buttons.Settings(),
        why=said,
    )


async def on_name_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    try:
        await services.db.write(catalogue.set_partner_name, speaker.call, typed)
    except BadValueError as error:
        screen = _name_question(speaker.t, why(error, speaker.t))
    else:
        await state.clear()
        screen = await settings_screen(services, speaker)
    await show(bot, message, screen)


async def on_type_days(
    query: CallbackQuery,
    callback_data: buttons.TypeDays,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    await ask(services, speaker, state, Ask.setting_days, what=callback_data.what)
    await show(bot, query, _days_question(speaker.t, callback_data.what))


def _days_question(t: Tongue, what: str, said: str | None = None) -> Screen:
    match what:
        case "grace":
            asked = t(
                "For how many days do add-ons stay that points don't cover? 0 to {most}.",
                most=catalogue.MOST_GRACE_DAYS,
            )
        case "lead":
            asked = t(
                "How many hours before a renewal is a saved card charged? {least} to {most}.",
                least=catalogue.LEAST_LEAD_HOURS,
                most=catalogue.MOST_LEAD_HOURS,
            )
        case _:
            asked = t(
                "How many days ahead do customers learn of a higher price? 0 to {most}.",
                most=catalogue.MOST_NOTICE_DAYS,
            )
    return question_screen(t, asked, back=buttons.Settings(), why=said)


async def on_days_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    what = (await state.get_data())["what"]
    setting = {
        "grace": catalogue.set_grace_days,
        "lead": catalogue.set_lead_hours,
        "notice": catalogue.set_price_notice_days,
    }[what]
    try:
        await services.db.write(setting, speaker.call, count(typed, speaker.t))
    except (AmountFormatError, BadValueError) as error:
        screen = _days_question(speaker.t, what, why(error, speaker.t))
    else:
        await state.clear()
        screen = await settings_screen(services, speaker)
    await show(bot, message, screen)
