"""All routes of the chat in one dispatcher."""

from aiogram import Dispatcher, Router
from aiogram.fsm.storage.base import BaseStorage
from aiogram.fsm.storage.memory import DisabledEventIsolation

from handlers import start
from handlers.answers import AnswerEveryTap
from handlers.context import SpeakerMiddleware
from handlers.customer import router as customer_router
from handlers.cycles import WorkOffDueCycles
from handlers.errors import add_error_handlers
from handlers.partner import router as partner_router
from handlers.services import Services


def build_dispatcher(services: Services, fsm: BaseStorage) -> Dispatcher:
    """Partner before customer (a partner's /points adjusts), the catch-all last.

    Order per chat is the inbox's work (DESIGN 5.4), so events need no isolation here.
    """
    dispatcher = Dispatcher(storage=fsm, events_isolation=DisabledEventIsolation(), services=services)
    dispatcher.callback_query.outer_middleware(AnswerEveryTap())
    dispatcher.update.outer_middleware(SpeakerMiddleware(services))
    current = WorkOffDueCycles(services)
    dispatcher.message.middleware(current)
    dispatcher.edited_message.middleware(current)
    dispatcher.callback_query.middleware(current)
    dispatcher.include_routers(start.router(), partner_router(), customer_router(), _last())
    add_error_handlers(dispatcher)
    return dispatcher


def _last() -> Router:
    router = Router(name="last")
    router.message.register(start.anything_else)
    router.edited_message.register(start.changed_message)
    router.callback_query.register(start.unknown_button)
    return router
