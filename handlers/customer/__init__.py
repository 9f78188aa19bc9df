"""What customers see and press."""

from aiogram import Router

from handlers.customer import (
    about,
    addons,
    autotopup,
    autotopup_typed,
    history,
    home,
    keep,
    more,
    payments,
    paysupport,
    people_access,
    plan,
    preferences,
    rescue,
    topup,
)
from handlers.questions import ForgetQuestion


def router() -> Router:
    """All of the customer's routes, built anew."""
    router = Router(name="customer")
    leave = ForgetQuestion()
    for part in (
        home,
        rescue,
        topup,
        autotopup,
        autotopup_typed,
        addons,
        history,
        keep,
        more,
        people_access,
        payments,
        paysupport,
        preferences,
        about,
        plan,
    ):
        child = part.router()
        # A parent's inner middleware doesn't see the flags of a child's routes.
        child.message.middleware(leave)
        child.callback_query.middleware(leave)
        router.include_router(child)
    return router
