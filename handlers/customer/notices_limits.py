"""What customers are told of their limits and of their platform: warnings (R22), what never reached it (R35)."""

from collections.abc import Mapping

from aiogram.types import InlineKeyboardButton

from billing import rescue
from handlers.customer import buttons
from handlers.customer.phrases import points, units_of
from handlers.customer.telling import Params, about_workspace, opens, told
from handlers.notices import Reader, Writer
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h

_RAISES_SHOWN = 3


async def usage_warning(services: Services, reader: Reader, params: Params) -> Screen | None:
    """What is nearly used up, what is left, and the add-on that gives the most cheaply more."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    ws = about.workspace_id
    rows: list[list[InlineKeyboardButton]] = []
    for code, *_ in params["limits"][:_RAISES_SHOWN]:
        offer = await services.db.read(rescue.cheapest_raise, reader.person_id, ws, code)
        if offer is not None:
            text = t("{label} · {cost} a month", label=offer.label, cost=points(t, offer.price))
            target = buttons.QuoteUnits(workspace=ws, addon=offer.id, units=offer.units + 1)
            rows.append([button(text, target, None if rows else "success")])
    return told(
        t,
        about,
        *[_nearly(t, label, used, allowance) for _, label, used, allowance, _ in params["limits"]],
        t("Above the limit the workspace pauses. Nothing of yours is deleted."),
        rows=[*rows, [button(t("Top up"), buttons.TopUp(workspace=ws)), *opens(t, ws)]],
    )


def _nearly(t: Tongue, label: str, used: int, allowance: int) -> str:
    return t(
        "⚠ {label}: {used} of {allowance} used, {percent} %. {left} left.",
        label=h(label),
        used=t.number(used),
        allowance=t.number(allowance),
        percent=used * 100 // allowance,
        left=t.number(allowance - used),
    )


async def undelivered(services: Services, reader: Reader, params: Params) -> Screen | None:
    """A day went by and the platform didn't take what was sold."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    return told(
        t,
        about,
        t("Your platform didn't take this within a day, so it is undone:"),
        *[
            t("{what}: {points} are back.", what=h(units_of(t, units, label)), points=points(t, amount))
            for label, units, amount in params["taken"]
        ],
        t("You have {points}.", points=points(t, params["balance"])),
        t("{partner} has been told.", partner=h(about.partner)),
    )


WRITERS: Mapping[str, Writer] = {"usage_warning": usage_warning, "undelivered": undelivered}
