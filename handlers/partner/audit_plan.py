"""What partners did about plans, in words (R24, R33)."""

from typing import Any

from billing.money import Money
from handlers.tongue import Tongue, h
from storage.models import AuditEntry


def plan_line(t: Tongue, entry: AuditEntry, workspace: str) -> str | None:
    """One entry; None for one about something else. `workspace` is safe already."""
    before, after, subject = entry.before, entry.after, h(entry.subject)
    match entry.action:
        case "plan":
            return t(
                "plan of {workspace} {before} → {after}",
                workspace=workspace,
                before=_plan(t, before),
                after=_plan(t, after),
            )
        case "plan_after":
            return t(
                "plan of {workspace} when its subscription ends: {after}",
                workspace=workspace,
                after=_plan(t, after),
            )
        case "decline_plan":
            return t("declined: {plan} for {workspace}", plan=_plan(t, after), workspace=workspace)
        case "override":
            return t(
                "{limit} of {workspace} alone {before} → {after}",
                limit=subject,
                workspace=workspace,
                before=_number(t, before),
                after=_number(t, after),
            )
        case "new_plan":
            return t("made the plan {plan}", plan=subject)
        case "plan_name":
            return t("renamed {before} to {after}", before=h(before["name"]), after=h(after["name"]))
        case "plan_sale":
            return (
                t("put {plan} on sale", plan=subject)
                if after["on_sale"]
                else t("took {plan} off sale", plan=subject)
            )
        case "plan_place":
            return t(
                "moved {plan} from place {before} to {after}",
                plan=subject,
                before=before["place"],
                after=after["place"],
            )
        case "plan_price":
            return t(
                "price of {plan} {before} → {after}",
                plan=subject,
                before=_price(t, before),
                after=_price(t, after),
            )
        case "fallback_plan":
            return t(
                "an ended plan falls back to {after} instead of {before}",
                after=_plan(t, after),
                before=_plan(t, before),
            )
        case "allowance":
            return t(
                "{limit} {before} → {after}",
                limit=subject,
                before=_number(t, before),
                after=_number(t, after),
            )
        case _:
            return None


def _plan(t: Tongue, facts: dict[str, Any]) -> str:
    return h(facts["plan"]) if facts.get("plan") is not None else t("no plan")


def _number(t: Tongue, facts: dict[str, Any]) -> str:
    value = facts.get("value")
    return t.number(value) if value is not None else t("the plan's")


def _price(t: Tongue, facts: dict[str, Any]) -> str:
    """49 USD (price_1), 49 USD, or a dash."""
    if facts["amount_minor"] is None:
        return "–"
    money = t.money(Money(facts["amount_minor"], facts["currency"]))
    return f"{money} ({h(facts['stripe_price'])})" if facts["stripe_price"] is not None else money
