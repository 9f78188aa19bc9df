"""What a workspace paid for packs and plans; each payment can be refunded (R29, R30)."""

from aiogram import Router

from billing import paid
from billing.paid import PaidPage, PaidRow
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.routing import opens
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.payments")
    router.callback_query.register(opens(_page), buttons.Payments.filter())
    return router


async def _page(services: Services, speaker: Speaker, tap: buttons.Payments) -> Screen:
    return payments_view(
        speaker.t, await services.db.read(paid.desk_page, speaker.person_id, tap.id, tap.page)
    )


def payments_view(t: Tongue, page: PaidPage) -> Screen:
    """Five payments; a number opens what of one can go back."""
    number = page.page
    turning = [
        *([button(t("‹ newer"), buttons.Payments(id=page.workspace_id, page=number - 1))] if number else []),
        *(
            [button(t("older ›"), buttons.Payments(id=page.workspace_id, page=number + 1))]
            if page.more
            else []
        ),
    ]
    openers = [
        button(str(place), buttons.Refund(order=row.order_id))
        for place, row in enumerate(page.rows, start=1)
        if row.refundable
    ]
    return Screen.of(
        f"<b>{h(page.workspace)}</b> · {t('payments')}",
        "",
        *[_line(t, place, row) for place, row in enumerate(page.rows, start=1)],
        t("A number opens a payment to refund it.") if openers else None,
        None if page.rows else t("Nothing was paid yet."),
        rows=[
            openers,
            turning,
            [
                button(t("‹ {name}", name=page.workspace), buttons.WorkspaceCard(id=page.workspace_id)),
                button(t("History"), buttons.History(id=page.workspace_id)),
            ],
        ],
    )


def _line(t: Tongue, place: int, row: PaidRow) -> str:
    """1. 22 Nov  49 USD  Business Lite · Receipt"""
    if row.plan is None:
        bought = t("{points} points", points=t.points(row.points))
    else:
        bought = h(row.plan) or t("a plan")
    parts = [f"{place}. {t.when(row.paid_at, 'd')}  <b>{t.money(row.paid)}</b>  {bought}"]
    if row.gone.amount_minor:
        parts.append(t("went back: {amount}", amount=t.money(row.gone)))
    if row.receipt_url is not None:
        parts.append(f'<a href="{h(row.receipt_url)}">{t("Receipt")}</a>')
    return " · ".join(parts)
