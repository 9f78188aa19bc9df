"""What customers are told of a pause: what holds it, what no longer does, and its end (R21, R22)."""

from collections.abc import Mapping

from billing.people import People
from handlers.customer import buttons
from handlers.customer.phrases import over_limit
from handlers.customer.telling import Params, Rows, about_workspace, opens, told
from handlers.notices import Reader, Writer
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h


async def paused(services: Services, reader: Reader, params: Params) -> Screen | None:
    """Paused, or for more than before: all that holds now, and the way to the rescue card where there is one."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    if params.get("more"):
        first = t("One more reason keeps it paused. All of them:")
    else:
        first = t("Paused. Nothing of yours is deleted.")
    return told(t, about, f"❚❚ {first}", *_holding(t, about, params), rows=_ways_on(t, about, params))


async def still_paused(services: Services, reader: Reader, params: Params) -> Screen | None:
    """One of several reasons has gone: what still holds, and the next step."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    return told(
        t,
        about,
        *_settled(t, about, params),
        f"❚❚ {t('Still paused:')}",
        *_holding(t, about, params),
        rows=_ways_on(t, about, params),
    )


async def resumed(services: Services, reader: Reader, params: Params) -> Screen | None:
    about = await about_workspace(services, reader, params)
    return told(reader.t, about, f"● {reader.t('Running again.')}") if about is not None else None


def _holding(t: Tongue, about: People, params: Params) -> list[str]:
    """Why it is paused, a line each."""
    lines = []
    if "limit" in params["reasons"]:
        lines += [over_limit(t, label, used, allowance) for label, used, allowance in params["over"]]
    if "unpaid" in params["reasons"]:
        lines.append(t("The plan isn't paid."))
    if "manual" in params["reasons"]:
        lines.append(t("{partner} paused it.", partner=h(about.partner)))
        if params["note"]:
            lines.append(h(params["note"]))
    return lines


def _settled(t: Tongue, about: People, params: Params) -> list[str]:
    """What no longer holds it."""
    lines = [t("✓ {label}: within the limit again.", label=h(label)) for label in params["within"]]
    if "limit" in params["gone"]:
        lines.append(t("✓ Within every limit again."))
    if "unpaid" in params["gone"]:
        lines.append(t("✓ The plan no longer pauses it."))
    if "manual" in params["gone"]:
        lines.append(t("✓ {partner} has ended its own pause.", partner=h(about.partner)))
    return lines


def _ways_on(t: Tongue, about: People, params: Params) -> Rows:
    """The next step for each reason that the customer can settle."""
    ws, rows = about.workspace_id, []
    if "unpaid" in params["reasons"]:
        rows.append([button(t("Pay now"), buttons.PayPlan(workspace=ws), "success")])
    if "limit" in params["reasons"]:
        rows.append([button(t("Get going again"), buttons.Home(workspace=ws))])
    else:
        rows.append(opens(t, ws))
    return rows


WRITERS: Mapping[str, Writer] = {"paused": paused, "still_paused": still_paused, "resumed": resumed}
