"""Notices about a workspace's dates and its end: kinds and parameters as billing.dating and billing.closing queue them."""

import datetime as dt

from handlers.customer.phrases import points
from handlers.customer.telling import Params, about_workspace, told
from handlers.notices import Reader, Writer
from handlers.screens import Screen
from handlers.services import Services
from handlers.tongue import h


async def renewal_date(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The partner has set another renewal date (R4)."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    back, today = params["back"], services.clock.now().date()
    return told(
        t,
        about,
        t(
            "{partner} has set a new renewal date: {day}, then {then}.",
            partner=h(about.partner),
            day=t.near_day(dt.date.fromisoformat(params["renewal"]), today),
            then=t.near_day(dt.date.fromisoformat(params["then"]), today),
        ),
        t("{points} are back for days that were cut off.", points=points(t, back)) if back else None,
        t("You have {points}.", points=points(t, params["balance"])),
    )


async def closed(services: Services, reader: Reader, params: Params) -> Screen | None:
    """An owner has closed it (R37)."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    return told(
        t,
        about,
        t("{name} closed this workspace.", name=h(params["by"])),
        t(
            "Until {day} everything goes on. Your points stay.",
            day=t.near_day(dt.date.fromisoformat(params["until"]), services.clock.now().date()),
        ),
    )


async def reopened(services: Services, reader: Reader, params: Params) -> Screen | None:
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    return told(t, about, t("{name} opened this workspace again.", name=h(params["by"])))


WRITERS: dict[str, Writer] = {"renewal_date": renewal_date, "closed": closed, "reopened": reopened}
