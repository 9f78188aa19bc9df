"""What customers see and press."""

from aiogram import Router

from handlers.customer import (
    about,
    addons,
    autotopup,
    history,
    home,
    keep,
    more,
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
        addons,
        history,
        keep,
        more,
        people_access,
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
