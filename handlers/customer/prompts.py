"""What a customer is asked."""

from functools import partial

from aiogram.fsm.state import State, StatesGroup

question = partial(State, group_name="customer")
"""Named apart from the partner's questions: somebody may be at the desk and a customer in one chat."""


class Ask(StatesGroup):
    """The pending question."""

    points = question()
    units = question()
    quiet = question()
    limit = question()
    low = question()
