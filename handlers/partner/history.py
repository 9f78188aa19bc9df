"""A workspace's ledger as its partner reads it."""

from aiogram import Router

from billing import history
from billing.history import HistoryPage, Row
from billing.ledger import Kind
from handlers.context import Speaker
from handlers.formulas import explanation
from handlers.partner import buttons
from handlers.partner.routing import opens
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h
from handlers.went_back import went_back_lines


def router() -> Router:
    router = Router(name="partner.history")
    router.callback_query.register(opens(_page), buttons.History.filter())
    router.callback_query.register(opens(_row), buttons.HistoryRow.filter())
    return router


async def _page(services: Services, speaker: Speaker, tap: buttons.History) -> Screen:
    page = await services.db.read(history.page, speaker.person_id, tap.id, tap.below or None, from_desk=True)
    return page_view(speaker.t, page)


async def _row(services: Services, speaker: Speaker, tap: buttons.HistoryRow) -> Screen:
    row, page = await services.db.read(history.row, speaker.person_id, tap.id, tap.number, from_desk=True)
    return row_view(speaker.t, row, page)


def page_view(t: Tongue, page: HistoryPage) -> Screen:
    """Rows with their balance, newest first; a button opens one."""
    paging = [
        *(
            [button(t("‹ newer"), buttons.History(id=page.workspace_id, below=page.newer))]
            if page.newer is not None and page.rows and page.rows[0].number < page.total
            else []
        ),
        *(
            [button(t("older ›"), buttons.History(id=page.workspace_id, below=page.older))]
            if page.older is not None
            else []
        ),
    ]
    openers = [
        button(str(row.number), buttons.HistoryRow(id=page.workspace_id, number=row.number))
        for row in page.rows
    ]
    return Screen.of(
        f"<b>{h(page.workspace)}</b> · {t('history')}",
        t("{points} points", points=t.points(page.balance)),
        "",
        *[
            f"{row.number}. <b>{t.points(row.amount, sign=True)}</b> {what(t, row)} · {t.when(row.at)}"
            for row in page.rows
        ],
        None if page.rows else t("Nothing yet."),
        rows=[
            openers,
            paging,
            [
                button(t("‹ {name}", name=page.workspace), buttons.WorkspaceCard(id=page.workspace_id)),
                button(t("Payments"), buttons.Payments(id=page.workspace_id)),
            ],
        ],
    )


def what(t: Tongue, row: Row) -> str:
    """What a posting was, in a few words."""
    addon = h(row.addon or "")
    match row.kind:
        case Kind.TOPUP:
            return t("top-up")
        case Kind.BONUS:
            return t("bonus of a top-up")
        case Kind.ADDON:
            return f"{addon} {row.units_before} → {row.units_after}"
        case Kind.REFUND:
            return t("{addon} removed", addon=addon)
        case Kind.RENEWAL:
            return t("{addon} renewed", addon=addon)
        case Kind.ADJUSTMENT:
            return h(row.note)
        case Kind.UNDO:
            return t("undone: {what}", what=h(row.note) if row.note else addon)
        case Kind.PAYBACK if row.amount > 0:
            return t("points of a payment came back")
        case Kind.PAYBACK:
            return t("payment refunded or disputed")
        case Kind.REDATED:
            return t("{addon}: renewal date moved", addon=addon)
        case Kind.FREED:
            return t("{addon}: days without credit billing", addon=addon)
        case Kind.TEST_POINTS:
            return t("points of test payments, as you went live")


def row_view(t: Tongue, row: Row, page: HistoryPage) -> Screen:
    """One posting explains itself: who, how it was worked out, which payment."""
    by = (
        t("By itself.")
        if row.person is None
        else t("By {name}.", name=h(row.person))
        if row.person
        else t("By a former member.")
    )
    payment = row.payment
    receipt = payment.receipt_url if payment is not None else None
    return Screen.of(
        f"<b>{h(page.workspace)}</b> · {t.when(row.at)}",
        f"<b>{t.points(row.amount, sign=True)}</b> {what(t, row)}",
        t("balance {points}", points=t.points(row.balance)),
        *explanation(t, row),
        *went_back_lines(t, row),
        t("Paid with {price}.", price=t.money(payment.price)) if payment is not None else None,
        f'<a href="{h(receipt)}">{t("Receipt")}</a>' if receipt is not None else None,
        by,
        rows=[
            [button(t("Refund"), buttons.Refund(order=payment.order_id))]
            if payment is not None and payment.payment_intent is not None
            else None,
            [button(t("‹ History"), buttons.History(id=page.workspace_id, below=_below(page)))],
        ],
    )


def _below(page: HistoryPage) -> int:
    return page.rows[0].number + 1 if page.rows else 0
