"""A tap from Telegram's raw update to the edited screen, against a bare aiogram handler on the same database.

Ours: committed to the inbox, handed to its chat's worker, the person and their rights looked up, the screen of
points read, shown and the tap answered, the update marked done. Bare: a CallbackData filter, an AsyncSession,
a SELECT of one row, an edit and an answer; whatever comes in while its process is down is lost.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.session.base import BaseSession
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import AnswerCallbackQuery, TelegramMethod
from aiogram.types import CallbackQuery, Chat, InlineKeyboardButton, InlineKeyboardMarkup, Message
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.market import Market, open_market
from benchmarks.measure import Comparison, Round, take_turns
from billing.automatic.charging import AutomaticTopUps
from billing.checkout import Checkout
from billing.clock import SystemClock
from billing.payments import Payments
from billing.plans.subscriptions import Subscriptions
from billing.refunds import Refunds
from bot.fsm import DatabaseStorage
from bot.intake import Intake
from bot.worker import Worker
from handlers.answers import AnswerOnce
from handlers.customer.buttons import TopUp
from handlers.dispatcher import build_dispatcher
from handlers.services import Services
from storage.models import Wallet

BOT_ID = 42
TOKEN = f"{BOT_ID}:benchmark"
CHATS = 64
TAPS = 320
"""In a round of each way."""
ROUNDS = 6
MOST = 2.0

_CLOCK = SystemClock()

Feed = Callable[[Sequence[dict[str, Any]]], Awaitable[None]]
"""Takes raw updates and returns when all are handled."""


async def compare(folder: Path) -> list[Comparison]:
    """One person tapping after each answer; and 64 people who tap at the same time."""
    async with (
        open_market(f"sqlite:///{folder / 'taps.db'}", CHATS) as market,
        ours(market) as our_feed,
        _bare(market) as bare,
    ):
        in_turn = await take_turns(_rounds(market, our_feed, 1), _rounds(market, bare, 1), ROUNDS)
        at_once = await take_turns(_rounds(market, our_feed, CHATS), _rounds(market, bare, CHATS), ROUNDS)
    return [
        Comparison("A tap, one chat, one after the other", "ms", *in_turn, most=MOST),
        Comparison(f"A tap, {CHATS} chats at the same time", "ms", *at_once, most=MOST),
    ]


_update_ids = itertools.count(1)


def _rounds(market: Market, feed: Feed, chats: int) -> Round:
    """Rounds of taps; in each turn every chat taps once. The figure is milliseconds for a tap."""

    async def one_round() -> float:
        turns = [
            [tap(telegram_id, workspace) for telegram_id, workspace in market.owners[:chats]]
            for _ in range(TAPS // chats)
        ]
        begin = perf_counter()
        for turn in turns:
            await feed(turn)
        return (perf_counter() - begin) * 1000 / TAPS

    return one_round


def tap(telegram_id: int, workspace_id: int) -> dict[str, Any]:
    """A tap on a button, as Telegram sends it."""
    number = next(_update_ids)
    chat = {"id": telegram_id, "type": "private", "first_name": "Dana"}
    person = {"id": telegram_id, "is_bot": False, "first_name": "Dana", "language_code": "en"}
    bot = {"id": BOT_ID, "is_bot": True, "first_name": "Desk", "username": "desk_bot"}
    return {
        "update_id": number,
        "callback_query": {
            "id": str(number),
            "from": person,
            "chat_instance": "1",
            "data": TopUp(workspace=workspace_id).pack(),
            "message": {
                "message_id": 7,
                "from": bot,
                "chat": chat,
                "date": 1_790_000_000,
                "edit_date": 1_790_000_100,
                "text": "Acme Support\n100 points",
                "entities": [{"type": "bold", "offset": 0, "length": 12}],
                "reply_markup": {
                    "inline_keyboard": [
                        [{"text": "Top up", "callback_data": TopUp(workspace=workspace_id).pack()}],
                        [{"text": "Help", "callback_data": "cb:help"}],
                    ]
                },
            },
        },
    }


class _Telegram(BaseSession):
    """Answers at once, as it would for an edit that worked."""

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], *_: Any, **__: Any) -> Any:  # noqa: ARG002 (the base class's)
        if isinstance(method, AnswerCallbackQuery):
            return True
        return Message(message_id=7, date=_CLOCK.now(), chat=Chat(id=1, type="private"))

    async def stream_content(self, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        raise NotImplementedError
        yield b""

    async def close(self) -> None:
        """Nothing is held."""


@asynccontextmanager
async def ours(market: Market) -> AsyncIterator[Feed]:
    """Intake, worker and dispatcher, as bot.process puts them together."""
    db, clock, bot = market.db, _CLOCK, Bot(TOKEN, session=_Telegram())
    bot.session.middleware(AnswerOnce())
    payments = Payments(db, {}, clock, BOT_ID, lambda payload: f"https://t.me/desk_bot?start={payload}")
    fsm = DatabaseStorage(db)
    services = Services(
        db,
        clock,
        Checkout(payments),
        AutomaticTopUps(payments),
        Subscriptions(payments),
        Refunds(payments),
        BOT_ID,
        "desk_bot",
        lambda: None,
    )
    dispatcher = build_dispatcher(services, fsm)
    left = _Countdown()

    async def handle(update: dict[str, Any], tap: str) -> None:
        await dispatcher.feed_raw_update(bot, update, tap=tap)

    worker = Worker(db, clock, BOT_ID, "benchmark", handle, fsm=fsm, on_handled=left.one_less)
    intake = Intake(worker)

    async def feed(updates: Sequence[dict[str, Any]]) -> None:
        left.start(len(updates))
        await intake.accept(updates)
        await left.over.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        yield feed
        await worker.stop()


class _Countdown:
    """Says when as many were handled as were started."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self._left = 0

    def start(self, count: int) -> None:
        self.over.clear()
        self._left = count

    def one_less(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.over.set()


class _Points(CallbackData, prefix="ct"):
    """The same data as our button carries."""

    workspace: int


@asynccontextmanager
async def _bare(market: Market) -> AsyncIterator[Feed]:
    """What a tutorial's handler does."""
    engine = create_async_engine(market.url.replace("sqlite:", "sqlite+aiosqlite:", 1))
    sessions = async_sessionmaker(engine)
    bot, dispatcher = Bot(TOKEN, session=_Telegram()), Dispatcher()

    async def on_points(query: CallbackQuery, callback_data: _Points, session: AsyncSession) -> None:
        wallet = (
            await session.scalars(select(Wallet).where(Wallet.workspace_id == callback_data.workspace))
        ).one()
        assert isinstance(query.message, Message)
        rows = [
            [
                InlineKeyboardButton(
                    text="Top up", callback_data=_Points(workspace=wallet.workspace_id).pack()
                )
            ],
            [InlineKeyboardButton(text="Back", callback_data="menu")],
        ]
        markup = InlineKeyboardMarkup(inline_keyboard=rows)
        await query.message.edit_text(f"<b>{wallet.balance} points</b>", reply_markup=markup)
        await query.answer()

    async def with_session(
        handler: Callable[[Any, dict[str, Any]], Awaitable[Any]], event: Any, data: dict[str, Any]
    ) -> Any:
        async with sessions() as session:
            return await handler(event, {**data, "session": session})

    dispatcher.callback_query.middleware(with_session)
    dispatcher.callback_query.register(on_points, _Points.filter())

    async def feed(updates: Sequence[dict[str, Any]]) -> None:
        await asyncio.gather(*(dispatcher.feed_raw_update(bot, update) for update in updates))

    yield feed
    await engine.dispose()
