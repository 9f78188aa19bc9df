"""The partner's desk: every command and tap of who works for a partner."""

from aiogram import Router

from handlers.partner import (
    addons,
    audit,
    create,
    dating,
    desk,
    history,
    invites,
    invoices,
    limits,
    other_account,
    pack_form,
    packs,
    payments,
    people,
    plans,
    point_price,
    points,
    refunds,
    running,
    set_plan,
    settings,
    units,
    usage,
    workspaces,
)
from handlers.partner.routing import AtDesk
from handlers.questions import ForgetQuestion

_SUBJECTS = (
    desk,
    other_account,
    workspaces,
    create,
    dating,
    points,
    units,
    usage,
    running,
    history,
    payments,
    refunds,
    invites,
    limits,
    addons,
    packs,
    pack_form,
    point_price,
    plans,
    set_plan,
    people,
    settings,
    invoices,
    audit,
)


def router() -> Router:
    """All of the desk's routes; whoever doesn't work here passes by."""
    router = Router(name="partner")
    for observer in (router.message, router.callback_query):
        observer.filter(AtDesk())
        observer.middleware(ForgetQuestion())
    router.include_routers(*[subject.router() for subject in _SUBJECTS])
    return router
