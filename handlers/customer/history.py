"""The ledger as its owner reads it: pages, rows that explain themselves, the export."""

import asyncio

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from billing import history
from billing.history import HistoryPage, Row
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.export import csv_file
from handlers.customer.phrases import here, menu, points, posting_name
from handlers.formulas import explanation
from handlers.screens import Screen, button, link, put, show
from handlers.services import Services
from handlers.tongue import Tongue, h
from handlers.went_back import went_back_lines


def router() -> Router:
    router = Router(name="customer.history")
    router.message.register(on_command, Command("history"))
    router.callback_query.register(on_page, buttons.History.filter())
    router.callback_query.register(on_row, buttons.HistoryRow.filter())
    router.callback_query.register(on_export, buttons.Export.filter())
    return router


async def on_command(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/history"""
    await show(bot, message, await _page(services, speaker, here(speaker), None))


async def on_page(
    query: CallbackQuery, callback_data: buttons.History, bot: Bot, services: Services, speaker: Speaker
) -> None:
    screen = await _page(services, speaker, callback_data.workspace, callback_data.below)
    await show(bot, query, screen)


async def on_row(
    query: CallbackQuery, callback_data: buttons.HistoryRow, bot: Bot, services: Services, speaker: Speaker
) -> None:
    row, page = await services.db.read(
        history.row, speaker.person_id, callback_data.workspace, callback_data.number
    )
    await show(bot, query, row_view(speaker.t, row, page))


async def on_export(
    query: CallbackQuery, callback_data: buttons.Export, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Acknowledged first: a long ledger takes its time."""
    await services.db.read(history.page, speaker.person_id, callback_data.workspace, None)
    await query.answer()
    name, rows = await services.db.scan(history.everything, speaker.person_id, callback_data.workspace)
    content = await asyncio.to_thread(csv_file, speaker.t, rows)
    t = speaker.t
    caption = t("{workspace}: everything that happened to the points.", workspace=h(name))
    await put(
        bot,
        query,
        Screen(caption, ((menu(t),),), (f"points-{callback_data.workspace}.csv", content)),
    )


async def _page(services: Services, speaker: Speaker, workspace_id: int, below: int | None) -> Screen:
    return page_view(speaker.t, await services.db.read(history.page, speaker.person_id, workspace_id, below))


def page_view(t: Tongue, page: HistoryPage) -> Screen:
    """Six rows, each opened by its number."""
    ws = page.workspace_id
    lines = [
        f"<b>{t('History')}</b>  {h(page.workspace)}",
        t("You have {points}.", points=points(t, page.balance)),
        "",
    ]
    if not page.rows:
        lines.append(t("Nothing has happened yet."))
    lines += [
        f"{number}. {t.when(row.at, 'd')}  <b>{t.points(row.amount, sign=True)}</b>  {h(posting_name(t, row))}"
        for number, row in enumerate(page.rows, start=1)
    ]
    numbers = [
        button(str(number), buttons.HistoryRow(workspace=ws, number=row.number))
        for number, row in enumerate(page.rows, start=1)
    ]
    export = [button(t("Export CSV"), buttons.Export(workspace=ws))] if page.rows else []
    payments = [button(t("Payments"), buttons.Payments(workspace=ws))] if page.rows else []
    return Screen.of(*lines, rows=[numbers, _turning(t, page), payments, [*export, menu(t)]])


def _turning(t: Tongue, page: HistoryPage) -> list[InlineKeyboardButton]:
    row = []
    if page.newer is not None and page.rows and page.rows[0].number < page.total:
        target = buttons.History(workspace=page.workspace_id, below=page.newer)
        row.append(button(f"‹ {t('newer')}", target))
    if page.older is not None:
        target = buttons.History(workspace=page.workspace_id, below=page.older)
        row.append(button(f"{t('older')} ›", target))
    return row


def row_view(t: Tongue, row: Row, page: HistoryPage) -> Screen:
    """One posting: what, how it was worked out, who, which payment."""
    ws = page.workspace_id
    steps = []
    if row.number < page.total:
        steps.append(button(f"‹ {t('newer')}", buttons.HistoryRow(workspace=ws, number=row.number + 1)))
    if row.number > 1:
        steps.append(button(f"{t('older')} ›", buttons.HistoryRow(workspace=ws, number=row.number - 1)))
    receipt = []
    if row.payment is not None and row.payment.receipt_url is not None:
        receipt.append(link(t("Receipt"), row.payment.receipt_url))
    below = page.rows[0].number + 1
    return Screen.of(
        f"{t.when(row.at)}  <b>{'+' if row.amount > 0 else ''}{points(t, row.amount)}</b>",
        h(posting_name(t, row)),
        *explanation(t, row),
        *went_back_lines(t, row),
        t("Balance {balance}", balance=t.points(row.balance)),
        t("Paid {price}.", price=t.money(row.payment.price)) if row.payment is not None else None,
        _who(t, row),
        rows=[
            steps,
            receipt,
            [
                button(t("Export CSV"), buttons.Export(workspace=ws)),
                button(t("History"), buttons.History(workspace=ws, below=below)),
                menu(t),
            ],
        ],
    )


def _who(t: Tongue, row: Row) -> str:
    if row.person is None:
        return t("By itself")
    return t("By {name}", name=h(row.person or t("former member")))
