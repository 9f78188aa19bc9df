"""What customers see and press."""

from aiogram import Router

from handlers.customer import about, addons, history, home, people_access, topup
from handlers.questions import ForgetQuestion


def router() -> Router:
    """All of the customer's routes, built anew."""
    router = Router(name="customer")
    leave = ForgetQuestion()
    for part in (home, topup, addons, history, people_access, about):
        child = part.router()
        # A parent's inner middleware doesn't see the flags of a child's routes.
        child.message.middleware(leave)
        child.callback_query.middleware(leave)
        router.include_router(child)
    return router
