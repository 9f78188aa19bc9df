"""/audit: who did what, before and after, when (R33)."""

import datetime as dt
from typing import Any

from aiogram import Router
from aiogram.filters import Command

from billing import golive, other_account, workspaces
from billing.money import Money
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.audit_plan import plan_line
from handlers.partner.pack_view import pack_points
from handlers.partner.routing import opens, says
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage.models import AuditEntry

Entries = list[tuple[AuditEntry, str, str]]
"""The entry, the person's name, the workspace's name."""


def router() -> Router:
    router = Router(name="partner.audit")
    router.message.register(says(_audit), Command("audit"))
    router.callback_query.register(opens(audit_screen), buttons.Audit.filter())
    return router


async def _audit(services: Services, speaker: Speaker) -> Screen:
    return await audit_screen(services, speaker, buttons.Audit())


async def audit_screen(services: Services, speaker: Speaker, tap: buttons.Audit) -> Screen:
    """A page of entries, of all or of one workspace."""
    entries, older = await services.db.read(
        workspaces.audit_page, speaker.person_id, tap.id or None, tap.page
    )
    return audit_view(speaker.t, entries, tap, older=older)


def audit_view(t: Tongue, entries: Entries, tap: buttons.Audit, *, older: bool) -> Screen:
    """A line for each entry, newest first."""
    paging = [
        *([button(t("‹ newer"), buttons.Audit(id=tap.id, page=tap.page - 1))] if tap.page else []),
        *([button(t("older ›"), buttons.Audit(id=tap.id, page=tap.page + 1))] if older else []),
    ]
    back = (
        button(t("‹ Workspace"), buttons.WorkspaceCard(id=tap.id))
        if tap.id
        else button(t("‹ Desk"), buttons.Desk())
    )
    return Screen.of(
        f"<b>{t('Audit')}</b>",
        t("Who changed what."),
        "",
        *[
            f"{h(person) if person else t('nobody')}: {line(t, entry, h(workspace))} · {t.when(entry.at)}"
            for entry, person, workspace in entries
        ],
        None if entries else t("Nothing yet."),
        rows=[paging, [back]],
    )


def line(t: Tongue, entry: AuditEntry, workspace: str) -> str:
    """What was done, with what was before and after. `workspace` is safe for HTML."""
    before, after, subject = entry.before, entry.after, h(entry.subject)
    match entry.action:
        case "points":
            moved = _balances(t, before, after)
            return t("points of {workspace} {moved}, {why}", workspace=workspace, moved=moved, why=subject)
        case "undo_points":
            moved = _balances(t, before, after)
            return t(
                "took back: points of {workspace} {moved}, {why}",
                workspace=workspace,
                moved=moved,
                why=subject,
            )
        case "refund" if "plan" in after:
            return t(
                "refunded {amount} to {workspace}, paid for {plan}",
                amount=t.money(Money(after["amount"], after["currency"])),
                workspace=workspace,
                plan=h(after["plan"] or t("a plan")),
            )
        case "refund":
            return t(
                "refunded {amount} to {workspace}, {points} points",
                amount=t.money(Money(after["amount"], after["currency"])),
                workspace=workspace,
                points=t.points(-after["points"], sign=True),
            )
        case golive.ENDED:
            return t(
                "test over in {workspace}: {points} points taken back, balance {before} → {after}",
                workspace=workspace,
                points=t.points(after["points"]),
                before=t.points(before["balance"]),
                after=t.points(after["balance"]),
            )
        case golive.WENT_LIVE:
            return t.n(
                "went live: tests in {count} workspace ended, {points} points taken back",
                "went live: tests in {count} workspaces ended, {points} points taken back",
                after["workspaces"],
                points=t.points(after["points"]),
            )
        case "refund_declined" if after:
            return t(
                "declined a refund of {amount}, paid on {day}, to {workspace}: {note}",
                amount=t.money(Money(after["amount"], after["currency"])),
                day=_day(t, after["paid_on"]),
                workspace=workspace,
                note=subject,
            )
        case other_account.MOVED:
            return t(
                "moved to another Stripe account: {before} → {after}",
                before=h(before["account"]),
                after=h(after["account"]),
            )
        case "refund_declined":
            return t("declined a refund of {workspace}: {note}", workspace=workspace, note=subject)
        case "units" | "undo":
            words = t("{addon} of {workspace} {before} → {after}, {points} points")
            if entry.action == "undo":
                words = t("took back: {addon} of {workspace} {before} → {after}, {points} points")
            return words.format(
                addon=subject,
                workspace=workspace,
                before=before["units"],
                after=after["units"],
                points=t.points(after["points"], sign=True),
            )
        case "approve_removal" if before:
            return t(
                "approved: {addon} of {workspace} {before} → {after}, {points} points",
                addon=subject,
                workspace=workspace,
                before=before["units"],
                after=after["units"],
                points=t.points(after["points"], sign=True),
            )
        case "approve_removal":
            return t(
                "approved: {addon} of {workspace} down to {units}",
                addon=subject,
                workspace=workspace,
                units=after["units"],
            )
        case "decline_removal" if before:
            return t(
                "declined: {addon} of {workspace} down to {units}, has {before}",
                addon=subject,
                workspace=workspace,
                units=after["units"],
                before=before["units"],
            )
        case "decline_removal":
            return t(
                "declined: {addon} of {workspace} down to {units}",
                addon=subject,
                workspace=workspace,
                units=after["units"],
            )
        case "workspace":
            return t(
                "made {workspace}: {plan}, {zone}, renews {day}",
                workspace=workspace,
                plan=h(after["plan"]),
                zone=h(after["zone"]),
                day=_day(t, after["renewal"]),
            )
        case "renewal_date":
            return t(
                "renewal date of {workspace} {before} → {after}",
                workspace=workspace,
                before=_day(t, before["renewal"]),
                after=_day(t, after["renewal"]),
            )
        case "zone":
            return t(
                "time zone of {workspace} {before} → {after}, from {day}",
                workspace=workspace,
                before=h(before["zone"]),
                after=h(after["zone"]),
                day=_day(t, after["from"]),
            )
        case "invite":
            return t("made an invite into {workspace}: {role}", workspace=workspace, role=h(after["role"]))
        case "replace_owner":
            return t("made a link that replaces the owner of {workspace}", workspace=workspace)
        case "pause":
            note = f", {h(after['note'])}" if after["note"] else ""
            return t("paused {workspace}", workspace=workspace) + note
        case "reopen":
            return t("opened {workspace} again", workspace=workspace)
        case "resume":
            return t("let {workspace} run again", workspace=workspace)
        case "usage":
            return t(
                "{limit} of {workspace} by hand {before} → {after}",
                limit=subject,
                workspace=workspace,
                before=_number(t, before["used"]),
                after=_number(t, after["used"]),
            )
        case _:
            return plan_line(t, entry, workspace) or _catalogue_line(t, entry, subject)


def _catalogue_line(t: Tongue, entry: AuditEntry, subject: str) -> str:
    before, after = entry.before, entry.after
    match entry.action:
        case "price":
            return t(
                "price of {addon} {before} → {after}",
                addon=subject,
                before=_points(t, before["price"]),
                after=_points(t, after["price"]),
            )
        case "cost":
            return t(
                "cost price of {addon} {before} → {after}",
                addon=subject,
                before=_money(t, before),
                after=_money(t, after),
            )
        case "label":
            return t("renamed {before} to {after}", before=h(before["label"]), after=h(after["label"]))
        case "on_sale":
            return (
                t("put {addon} on sale", addon=subject)
                if after["on_sale"]
                else t("took {addon} off sale", addon=subject)
            )
        case "whole_cycles":
            return (
                t("{addon} is sold by whole months", addon=subject)
                if after["whole_cycles"]
                else t("{addon} is sold by days", addon=subject)
            )
        case "limit":
            return t("added the limit {limit}", limit=subject)
        case "rename_limit":
            return t(
                "renamed the limit {before} to {after}", before=h(before["label"]), after=h(after["label"])
            )
        case "limit_addon":
            return t("added the add-on {addon}", addon=subject)
        case "pack" if before:
            return t("changed a pack: {before} → {after}", before=_pack(t, before), after=_pack(t, after))
        case "pack":
            return t("added a pack: {pack}", pack=_pack(t, after))
        case "retire_pack":
            return t("took a pack off sale: {pack}", pack=_pack(t, before))
        case "move_pack":
            return t(
                "moved a pack from place {before} to {after}: {pack}",
                before=before["place"],
                after=after["place"],
                pack=_pack(t, before),
            )
        case "point_price":
            return t(
                "price of a point in {currency} {before} → {after}",
                currency=subject,
                before=_point_price(t, before, entry.subject),
                after=_point_price(t, after, entry.subject),
            )
        case _:
            return _desk_line(t, entry, subject)


def _desk_line(t: Tongue, entry: AuditEntry, subject: str) -> str:
    before, after = entry.before, entry.after
    match entry.action:
        case "credit_billing":
            return t("switched credit billing on") if after["on"] else t("switched credit billing off")
        case "customers_may_remove":
            return (
                t("customers remove add-ons themselves") if after["may"] else t("customers ask for removals")
            )
        case "invoicing":
            return t(
                "invoices {before} → {after}",
                before=_invoicing(t, before["invoicing"]),
                after=_invoicing(t, after["invoicing"]),
            )
        case "charge_removal_date":
            return t("the day of removal is charged") if after["on"] else t("the day of removal goes back")
        case "name":
            return t("renamed {before} to {after}", before=h(before["name"]), after=h(after["name"]))
        case "grace_days":
            return t("days of grace {before} → {after}", before=before["days"], after=after["days"])
        case "lead_hours":
            return t(
                "saved cards are charged {before} → {after} hours before a renewal",
                before=before["hours"],
                after=after["hours"],
            )
        case "price_notice_days":
            return t(
                "higher prices are told {before} → {after} days ahead",
                before=before["days"],
                after=after["days"],
            )
        case "invite_admin":
            return t("made an invite to the desk: {role}", role=h(after["role"]))
        case "join_desk":
            return t("joined the desk as {role}", role=h(after["role"]))
        case "remove_admin":
            return t("removed {name} from the desk", name=subject)
        case _:
            return " ".join(part for part in (h(entry.action), subject) if part)


def _balances(t: Tongue, before: dict[str, Any], after: dict[str, Any]) -> str:
    return f"{t.points(before['balance'])} → {t.points(after['balance'])}"


def _points(t: Tongue, value: int | None) -> str:
    return t.points(value) if value is not None else "–"


def _money(t: Tongue, facts: dict[str, Any]) -> str:
    return t.money(Money(facts["amount_minor"], facts["currency"])) if facts else "–"


def _point_price(t: Tongue, facts: dict[str, Any], currency: str) -> str:
    """0.8 (from 5 USD)"""
    price, least = facts.get("price"), facts.get("minimum_minor")
    if not price or not least:
        return h(price or "–")
    return t("{price} (from {least})", price=h(price), least=t.money(Money(least, currency)))


def _invoicing(t: Tongue, what: str) -> str:
    return {"off": t("off"), "invoices": t("without tax"), "tax": t("with tax")}[what]


def _number(t: Tongue, value: int | None) -> str:
    return t.number(value) if value is not None else "–"


def _day(t: Tongue, iso: str) -> str:
    return t.day(dt.date.fromisoformat(iso))


def _pack(t: Tongue, facts: dict[str, Any]) -> str:
    price = t.money(Money(facts["amount_minor"], facts["currency"]))
    return f"{pack_points(t, facts['points'], facts['bonus'])} · {price}"
