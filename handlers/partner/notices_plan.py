"""What the partner's people are told of customers' plans (R25)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from billing.errors import BillingError
from billing.plans import changing
from handlers.partner import buttons
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h

if TYPE_CHECKING:
    from handlers.notices import Reader, Writer


async def _choice(services: Services, reader: "Reader", params: dict[str, Any]) -> changing.PlanChoice | None:
    """The workspace's plan, while the reader still works here."""
    try:
        return await services.db.read(changing.choice, reader.person_id, params["workspace_id"])
    except BillingError:
        return None


async def _desk_plan(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    choice = await _choice(services, reader, params)
    if choice is None:
        return None
    t = reader.t
    return Screen.of(
        _words(t, params, h(choice.workspace)),
        rows=[
            [button(t("Plans"), buttons.Plans())] if params["what"] == "priceless" else None,
            [
                button(
                    t("Open {name}", name=choice.workspace), buttons.WorkspaceCard(id=choice.workspace_id)
                ),
                button(t("Its plan"), buttons.WorkspacePlan(id=choice.workspace_id)),
            ],
        ],
    )


def _words(t: Tongue, params: dict[str, Any], workspace: str) -> str:
    plan = h(params["plan"]) if params.get("plan") else t("no plan")
    match params["what"]:
        case "started":
            return t("{workspace} has subscribed to {plan}.", workspace=workspace, plan=plan)
        case "changed":
            before = h(params["before"]) if params.get("before") else t("no plan")
            return t(
                "{workspace} moved from {before} to {plan}.", workspace=workspace, before=before, plan=plan
            )
        case "failed":
            return t(
                "⚠ {workspace}: {plan} couldn't be paid. Stripe tries again.", workspace=workspace, plan=plan
            )
        case "unpaid":
            return t("❚❚ {workspace}: {plan} wasn't paid, so it is paused.", workspace=workspace, plan=plan)
        case "ending":
            return t(
                "{workspace} has cancelled {plan}: it runs until what is paid ends.",
                workspace=workspace,
                plan=plan,
            )
        case "kept":
            return t(
                "{workspace} keeps its subscription to {plan} after all.", workspace=workspace, plan=plan
            )
        case "ended":
            after = h(params["after"]) if params.get("after") else t("no plan")
            return t(
                "{workspace}: {plan} has ended. Now: {after}.", workspace=workspace, plan=plan, after=after
            )
        case "priceless":
            price = f"<code>{h(params['price'])}</code>"
            moved = t(
                "⚠ {workspace} pays a price at Stripe that no plan has: {price}.",
                workspace=workspace,
                price=price,
            )
            stays = t("It stays on {plan}.", plan=plan)
            todo = t("Put the price on a plan with /plans, or choose what comes after it with /setplan.")
            return f"{moved}\n{stays}\n{todo}"
        case "unwanted":
            return t(
                "{workspace} is closed, so its new subscription was ended and refunded.", workspace=workspace
            )
        case _:
            return t("{workspace} subscribed twice; the second was ended and refunded.", workspace=workspace)


async def _plan_request(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """One tap gives it; what was answered or taken back since is not told any more."""
    choice = await _choice(services, reader, params)
    if choice is None or choice.asked_for is None or choice.asked_for[0] != params["plan_id"]:
        return None
    t, ws = reader.t, choice.workspace_id
    plan_id, plan = choice.asked_for
    return Screen.of(
        t("<b>{workspace}</b> asks for the plan {plan}.", workspace=h(choice.workspace), plan=h(plan)),
        t("It is on {plan}.", plan=h(choice.plan) if choice.plan is not None else t("no plan")),
        rows=[
            [
                button(t("Approve"), buttons.SetPlan(id=ws, plan_id=plan_id), "success"),
                button(t("Decline"), buttons.DeclinePlan(id=ws)),
            ],
            [button(t("Open {name}", name=choice.workspace), buttons.WorkspaceCard(id=ws))],
        ],
    )


WRITERS: "Mapping[str, Writer]" = {"desk_plan": _desk_plan, "plan_request": _plan_request}
