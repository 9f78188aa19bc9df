"""What a customer is asked."""

from aiogram.fsm.state import State, StatesGroup


class Ask(StatesGroup):
    """The pending question."""

    points = State()
    units = State()
    quiet = State()
