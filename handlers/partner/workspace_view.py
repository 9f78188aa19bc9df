"""The list of workspaces and one workspace, as text and buttons."""

import datetime as dt

from aiogram.types import InlineKeyboardButton

from billing.access import Role
from billing.cycle import local_date, zone_named
from billing.limits import usage_tenths
from billing.standing import LimitStanding
from billing.workspaces import WorkspaceCard, WorkspacePage, WorkspaceRow
from handlers.partner import buttons
from handlers.partner.buttons import Purpose
from handlers.partner.paying_view import automatic_line, subscription_line
from handlers.screens import Screen, button
from handlers.tongue import Tongue, h

_NAME_WIDTH = 18


def list_view(t: Tongue, page: WorkspacePage, purpose: Purpose) -> Screen:
    """A page of workspaces with their points."""
    headings = {
        "open": t("Workspaces"),
        "points": t("Adjust points: of which workspace?"),
        "invite": t("Invite: into which workspace?"),
    }
    searched = (
        t("“{text}”: {count} found", text=h(page.text), count=t.number(page.total)) if page.text else None
    )
    if page.rows:
        listed = "<pre>" + "\n".join(_line(t, row) for row in page.rows) + "</pre>"
    elif page.text:
        listed = t("None. A part of the name is enough, or the number.")
    else:
        listed = t("None yet. Make the first one and send its owner the link.")
    making = button(
        t("New workspace"), buttons.NewWorkspace(), "success" if not page.total and not page.text else None
    )
    return Screen.of(
        f"<b>{headings[purpose]}</b>",
        searched,
        listed,
        t("Page {page} of {pages}", page=page.page + 1, pages=page.pages) if page.pages > 1 else None,
        rows=[
            *_in_pairs([button(_label(row), _target(purpose, row.id)) for row in page.rows]),
            _paging(t, page, purpose),
            [
                button(t("Search"), buttons.SearchWorkspaces(purpose=purpose)),
                button(t("Show all"), buttons.Workspaces(purpose=purpose)) if page.text else making,
            ],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


def _line(t: Tongue, row: WorkspaceRow) -> str:
    name = row.name if len(row.name) <= _NAME_WIDTH else row.name[: _NAME_WIDTH - 1] + "…"
    mark = "❚❚" if row.paused else "  "
    return f"{row.id:>3} {h(name)}{' ' * (_NAME_WIDTH - len(name))} {mark} {t.points(row.balance):>9}"


def _label(row: WorkspaceRow) -> str:
    return f"{row.name} ❚❚" if row.paused else row.name


def _target(purpose: Purpose, workspace_id: int) -> buttons.WorkspaceCard | buttons.Points | buttons.InviteTo:
    if purpose == "points":
        return buttons.Points(id=workspace_id)
    if purpose == "invite":
        return buttons.InviteTo(id=workspace_id)
    return buttons.WorkspaceCard(id=workspace_id)


def _in_pairs(row: list[InlineKeyboardButton]) -> list[list[InlineKeyboardButton]]:
    return [row[start : start + 2] for start in range(0, len(row), 2)]


def _paging(t: Tongue, page: WorkspacePage, purpose: Purpose) -> list[InlineKeyboardButton]:
    row = []
    if page.page > 0:
        row.append(
            button(t("‹ before"), buttons.Workspaces(purpose=purpose, page=page.page - 1, text=page.text))
        )
    if page.page + 1 < page.pages:
        row.append(
            button(t("more ›"), buttons.Workspaces(purpose=purpose, page=page.page + 1, text=page.text))
        )
    return row


def card_view(t: Tongue, card: WorkspaceCard, now: dt.datetime, news: str | None = None) -> Screen:
    """Everything the partner knows of a workspace, and what can be done about it."""
    today = local_date(now, zone_named(card.zone))
    state = t("❚❚ paused") if card.reasons else t("● active")
    if card.closed:
        state = t("○ closed")
    reported = card.standing.reported_at
    return Screen.of(
        *([news, ""] if news else []),
        f"<b>{h(card.name)}</b> · {card.id} · {state}",
        _closed(t, card, today) if card.closed else None,
        *[f"❚❚ {each}" for each in _reasons(t, card) if not card.closed],
        t("{points} points", points=t.points(card.balance)),
        "",
        t("Plan  {plan}", plan=h(card.plan) if card.plan is not None else t("none")),
        t(
            "Renews  {day} · {zone}",
            day=t.near_day(card.renewal, today),
            zone=h(card.zone),
        ),
        subscription_line(t, card.paying),
        automatic_line(t, card.automatic),
        "",
        *[_limit(t, each) for each in card.standing.limits if each.counted or each.allowance],
        t("as of {when}", when=t.when(reported)) if reported is not None else t("No usage reported yet."),
        "",
        _addons(t, card),
        _features(t, card),
        _people(t, card),
        None if card.delivered else t("Your platform has not confirmed the newest changes yet."),
        rows=_card_rows(t, card),
    )


def _closed(t: Tongue, card: WorkspaceCard, today: dt.date) -> str:
    if card.plan is None:
        return t("Its owner closed it. Opened again it needs a plan.")
    return t("Its owner closed it: everything ends on {day}.", day=t.near_day(card.renewal, today))


def _reasons(t: Tongue, card: WorkspaceCard) -> list[str]:
    said = []
    if "manual" in card.reasons:
        said.append(t("by you: {note}", note=h(card.note)) if card.note else t("by you"))
    if "unpaid" in card.reasons:
        said.append(t("the plan is unpaid"))
    if "limit" in card.reasons:
        over = ", ".join(f"{h(each.label)} +{t.number(each.over)}" for each in card.standing.over)
        said.append(t("over a limit: {over}", over=over))
    return said


def _limit(t: Tongue, each: LimitStanding) -> str:
    if not each.counted:
        return f"{h(each.label)}  {t.number(each.allowance)}"
    if each.used is None:
        return t("{label}  ? of {allowed}", label=h(each.label), allowed=t.number(each.allowance))
    full = usage_tenths(each.used, each.allowance)
    bar = "█" * full + "░" * (10 - full)
    return t(
        "<code>{bar}</code> {label} {used} of {allowed}",
        bar=bar,
        label=h(each.label),
        used=t.number(each.used),
        allowed=t.number(each.allowance),
    )


def _addons(t: Tongue, card: WorkspaceCard) -> str:
    active = [f"{h(offer.label)} ×{t.number(offer.units)}" for offer in card.offers if offer.units]
    return t("Add-ons  {active}", active=", ".join(active)) if active else t("Add-ons  none")


def _features(t: Tongue, card: WorkspaceCard) -> str | None:
    """What is switched on, where its add-ons' labels don't say it already (R20)."""
    labels = {offer.label for offer in card.offers if offer.units}
    features = [feature for feature in card.standing.features if feature not in labels]
    return t("Switched on  {features}", features=h(", ".join(features))) if features else None


def _people(t: Tongue, card: WorkspaceCard) -> str:
    if not card.members:
        return t("People  nobody yet: invite the owner.")
    roles = role_names(t)
    named = ", ".join(f"{h(each.name)} ({roles[each.role]})" for each in card.members)
    return t("People  {named}", named=named)


def role_names(t: Tongue) -> dict[Role, str]:
    return {Role.OWNER: t("owner"), Role.BILLING: t("billing"), Role.VIEWER: t("viewer")}


def _card_rows(t: Tongue, card: WorkspaceCard) -> list[list[InlineKeyboardButton]]:
    rows = [
        [
            button(
                t("Approve: {addon} to {units}", addon=each.addon, units=t.number(each.units)),
                buttons.AnswerRequest(id=card.id, addon_id=each.addon_id, approve=True),
                "success" if place == 0 else None,
            ),
            button(t("Decline"), buttons.AnswerRequest(id=card.id, addon_id=each.addon_id, approve=False)),
        ]
        for place, each in enumerate(card.requests)
    ]
    has_owner = any(each.role is Role.OWNER for each in card.members)
    invite = (
        button(t("Invite somebody"), buttons.InviteTo(id=card.id))
        if has_owner
        else button(
            t("Invite the owner"),
            buttons.Invite(id=card.id, role="owner"),
            None if rows else "success",
        )
    )
    paused = "manual" in card.reasons
    opening = [button(t("Open it again"), buttons.Reopen(id=card.id), "success")] if card.closed else []
    return [
        *rows,
        opening,
        [
            button(t("± Points"), buttons.Points(id=card.id)),
            button(t("Add-ons"), buttons.Units(id=card.id)),
            button(t("History"), buttons.History(id=card.id)),
        ],
        [
            invite,
            *(
                [button(t("Replace owner"), buttons.ReplaceOwner(id=card.id, sure=False))]
                if has_owner
                else []
            ),
        ],
        [
            button(t("Plan"), buttons.WorkspacePlan(id=card.id)),
            button(t("Payments"), buttons.Payments(id=card.id)),
            button(t("Allowances"), buttons.Allowances(id=card.id)),
        ],
        [
            button(t("Renewal date"), buttons.Dates(id=card.id)),
            button(t("Usage by hand"), buttons.Usage(id=card.id)),
        ],
        [
            button(t("Let it run again"), buttons.SetPause(id=card.id, paused=False))
            if paused
            else button(t("Pause"), buttons.Pause(id=card.id)),
            button(t("Audit"), buttons.Audit(id=card.id)),
        ],
        [button(t("‹ Workspaces"), buttons.Workspaces()), button(t("‹ Desk"), buttons.Desk())],
    ]
