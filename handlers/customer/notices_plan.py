"""What customers are told of their plan (R25): kinds and parameters as billing.plans.telling queues them."""

import datetime as dt

from billing.errors import BillingError
from billing.plans import pages
from handlers.customer import buttons
from handlers.customer.plan_view import page_view
from handlers.customer.telling import Params, about_workspace, opens, told
from handlers.notices import Reader, Writer
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage import workspaces


async def plan(services: Services, reader: Reader, params: Params) -> Screen | None:
    """Something of the plan or its subscription has changed."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    ws = about.workspace_id
    first = button(t("Plan"), buttons.Plan(workspace=ws))
    if params["what"] in {"failed", "unpaid"}:
        first = button(t("Pay now"), buttons.PayPlan(workspace=ws), "success")
    elif params["what"] == "ending":
        first = button(t("Keep it after all"), buttons.KeepPlan(workspace=ws))
    also = await _also_paused(services, reader, ws) if params["what"] == "unpaid" else []
    return told(t, about, _words(t, params, h(about.partner)), *also, rows=[[first], opens(t, ws)])


async def _also_paused(services: Services, reader: Reader, workspace_id: int) -> list[str]:
    """What pauses the workspace beside a plan that isn't paid: paying alone doesn't start it."""
    t, workspace = reader.t, await services.db.read(workspaces.find, workspace_id)
    lines = []
    if workspace is not None and workspace.paused_limit:
        lines.append(t("It is over a limit, too."))
    if workspace is not None and workspace.paused_manual:
        lines.append(t("It is paused by hand, too."))
    return lines


def _words(t: Tongue, params: Params, partner: str) -> str:
    plan = h(params["plan"]) if params.get("plan") else t("no plan")
    until = _when(t, params)
    match params["what"]:
        case "started":
            return t("{plan} has started. It is paid until {day}.", plan=plan, day=until)
        case "changed":
            return t("The plan is {plan} now.", plan=plan)
        case "paid":
            return t("Paid: {plan}, until {day}.", plan=plan, day=until)
        case "failed":
            return t(
                "⚠ {plan} couldn't be paid. Stripe tries again; when it gives up, the workspace pauses.",
                plan=plan,
            )
        case "unpaid":
            return t(
                "❚❚ {plan} wasn't paid, so the workspace is paused. Nothing of yours is deleted.", plan=plan
            )
        case "ending":
            return t("{plan} ends on {day}. Nothing is charged after.", plan=plan, day=until)
        case "kept":
            return t("{plan} goes on after all.", plan=plan)
        case "ended":
            after = h(params["after"]) if params.get("after") else t("no plan")
            return t("{plan} has ended. Now: {after}.", plan=plan, after=after)
        case "duplicate":
            return t(
                "{plan} was bought a second time. The second was ended, and its money goes back.", plan=plan
            )
        case "unwanted":
            return t(
                "{plan} was bought for a closed workspace. It was ended, and its money goes back.", plan=plan
            )
        case "set":
            return t("{partner} set your plan: {plan}.", partner=partner, plan=plan)
        case "not_changed":
            return t("The change to {plan} wasn't paid in time, so nothing has changed.", plan=plan)
        case "not_made":
            return t("Stripe didn't make the change to {plan}. Nothing was charged.", plan=plan)
        case _:
            return t("{partner} doesn't set the plan {plan} for you.", partner=partner, plan=plan)


def _when(t: Tongue, params: Params) -> str:
    until = params.get("until")
    return t.when(dt.datetime.fromisoformat(until), "D") if until else t("the end of what is paid")


async def plan_page(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The message with the link to pay becomes what came of it."""
    try:
        view = await services.db.read(pages.view, reader.person_id, params["page_id"])
    except BillingError:
        return None
    return page_view(reader.t, view)


WRITERS: dict[str, Writer] = {"plan": plan, "plan_page": plan_page}
