"""What was paid for packs and plans, each with its receipt (R30)."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from billing import paid
from billing.paid import PaidPage, PaidRow
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.phrases import menu, payment_for
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="customer.payments")
    router.callback_query.register(on_payments, buttons.Payments.filter())
    return router


async def on_payments(
    query: CallbackQuery, callback_data: buttons.Payments, bot: Bot, services: Services, speaker: Speaker
) -> None:
    tap = callback_data
    found = await services.db.read(paid.page, speaker.person_id, tap.workspace, tap.page)
    await show(bot, query, payments_view(speaker.t, found))


def payments_view(t: Tongue, page: PaidPage) -> Screen:
    """Five payments, each opened by its number."""
    ws, number = page.workspace_id, page.page
    turning = [
        *([button(f"‹ {t('newer')}", buttons.Payments(workspace=ws, page=number - 1))] if number else []),
        *([button(f"{t('older')} ›", buttons.Payments(workspace=ws, page=number + 1))] if page.more else []),
    ]
    return Screen.of(
        f"<b>{t('Payments')}</b>  {h(page.workspace)}",
        "",
        *[_line(t, place, row) for place, row in enumerate(page.rows, start=1)],
        t("Open a payment to ask for it back.") if page.rows else t("Nothing was paid yet."),
        rows=[
            [
                button(str(place), buttons.Payment(order=row.order_id))
                for place, row in enumerate(page.rows, start=1)
            ],
            turning,
            [
                button(t("Plan"), buttons.Plan(workspace=ws)),
                button(t("History"), buttons.History(workspace=ws)),
            ],
            [menu(t)],
        ],
    )


def _line(t: Tongue, place: int, row: PaidRow) -> str:
    """1. 22 Nov  49 USD  Business Lite · Receipt"""
    parts = [
        f"{place}. {t.when(row.paid_at, 'd')}  <b>{t.money(row.paid)}</b>  {h(payment_for(t, row.plan, row.points))}"
    ]
    if row.gone.amount_minor:
        parts.append(t("went back: {amount}", amount=t.money(row.gone)))
    if row.receipt_url is not None:
        parts.append(f'<a href="{h(row.receipt_url)}">{t("Receipt")}</a>')
    return " · ".join(parts)
