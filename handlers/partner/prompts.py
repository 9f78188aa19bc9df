"""What the partner is asked, and how."""

from typing import Any

from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import InlineKeyboardButton

from billing.access import DeskRole, desk
from handlers.context import Speaker
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue


class Ask(StatesGroup):
    """What the partner is being asked."""

    search = State()
    workspace_name = State()
    workspace_plan = State()
    workspace_zone = State()
    workspace_renewal = State()
    points = State()
    reason = State()
    debt = State()
    units = State()
    pause_note = State()
    usage = State()
    limit_label = State()
    limit_kind = State()
    limit_rename = State()
    limit_grant = State()
    price = State()
    cost = State()
    label = State()
    pack_points = State()
    pack_bonus = State()
    pack_price = State()
    pack_confirm = State()
    point_price = State()
    point_minimum = State()
    point_confirm = State()
    partner_name = State()
    renewal_date = State()
    zone = State()
    setting_days = State()


async def ask(services: Services, speaker: Speaker, state: FSMContext, question: State, **data: Any) -> None:
    """Wait for an answer, keeping what it is about. Raises NotAllowedError for who may only look."""
    await services.db.read(desk, speaker.person_id, DeskRole.ADMIN)
    await state.set_state(question)
    await state.set_data(data)


def question_screen(
    t: Tongue,
    *lines: str | None,
    back: CallbackData,
    why: str | None = None,
    choices: list[list[InlineKeyboardButton]] | None = None,
) -> Screen:
    """A question; `why` says what was wrong with the answer before, `back` leaves it."""
    asked = [line for line in lines if line is not None]
    if why is not None:
        asked = [why, "", *asked]
    return Screen.of(*asked, rows=[*(choices or []), [button(t("Cancel"), back)]])
