"""Who is on which plan, by the partner's hand: plans, overrides, plans that customers ask for (R24, R25)."""

from dataclasses import dataclass

from billing import audit, notices, renewal, standing
from billing.access import Role, desk, desk_locked, desk_workspace, locked_seat
from billing.call import Call
from billing.errors import BadValueError, GoneError, PlanOverLimitError, SubscriptionRunsError
from billing.plans.comparing import Paying, paying_of
from billing.plans.ending import end_with_period
from billing.plans.moving import Fit, fit, over_on, put_on
from billing.plans.settling import PAYING, drop
from billing.plans.telling import plan_name, tell_people
from billing.standing import LimitStanding
from billing.usage import MOST_USED
from storage import catalogue, subscriptions, workspaces
from storage.models import Override, PlanRequest, Subscription, Workspace
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """What the partner can put a workspace on."""

    workspace_id: int
    workspace: str
    plan_id: int | None
    plan: str | None
    plans: tuple[tuple[int, str], ...]
    paying: Paying | None
    """A subscription that pays: another plan comes when it ends."""
    asked_for: tuple[int, str] | None


@dataclass(frozen=True, slots=True)
class PlanSet:
    """What setting a plan did. `ends`: the running subscription, with whose end the plan comes."""

    workspace_id: int
    workspace: str
    plan: str | None
    before: str | None
    ends: Paying | None
    paused: bool


@dataclass(frozen=True, slots=True)
class Allowance:
    """One limit of a workspace. `override` None: the plan's value counts."""

    standing: LimitStanding
    plan: int
    override: int | None


def choice(tx: Tx, person_id: int, workspace_id: int) -> PlanChoice:
    """The plans of the desk for one workspace. Raises GoneError."""
    place, workspace = desk_workspace(tx, person_id, workspace_id)
    partner = place.partner
    plans = catalogue.plans(tx, partner.id)
    request = subscriptions.request(tx, partner.id, workspace_id)
    return PlanChoice(
        workspace_id,
        workspace.name,
        workspace.plan_id,
        plan_name(tx, partner.id, workspace.plan_id),
        tuple((plan.id, plan.name) for plan in plans),
        paying_of(tx, partner, workspace_id),
        (request.plan_id, plan_name(tx, partner.id, request.plan_id) or "") if request is not None else None,
    )


def preview(
    tx: Tx, person_id: int, workspace_id: int, plan_id: int | None
) -> tuple[PlanChoice, str | None, tuple[Fit, ...]]:
    """What putting a workspace on a plan would do: the plan's name, every limit now and then. Raises GoneError."""
    found = choice(tx, person_id, workspace_id)
    _, workspace = desk_workspace(tx, person_id, workspace_id)
    if plan_id is not None and catalogue.plan(tx, workspace.partner_id, plan_id) is None:
        raise GoneError
    return found, plan_name(tx, workspace.partner_id, plan_id), fit(tx, workspace, plan_id)


def set_plan(
    tx: Tx, call: Call, workspace_id: int, plan_id: int | None, *, over: bool = False, after: bool = False
) -> PlanSet:
    """Put a workspace on a plan by hand, at once; None: on no plan.

    While a subscription pays, it is the plan's master: SubscriptionRunsError, unless `after`, which ends it with its
    paid period and has the plan come then. One that Stripe gave up on is ended right away. Raises GoneError,
    PlanOverLimitError unless `over` (R23).
    """
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id)
    partner = place.partner
    if plan_id is not None and catalogue.plan(tx, partner.id, plan_id) is None:
        raise GoneError
    renewal.catch_up(tx, call, partner, workspace, wallet)
    name, before = plan_name(tx, partner.id, plan_id), plan_name(tx, partner.id, workspace.plan_id)
    running = subscriptions.running(tx, partner.id, workspace_id)
    if running is not None and running.status in PAYING:
        if not after:
            raise SubscriptionRunsError
        return _set_after(tx, call, workspace, running, plan_id, name, before)
    too_much = over_on(tx, workspace, plan_id)
    if too_much and not over:
        raise PlanOverLimitError(too_much)
    held = standing.reasons(workspace)
    if running is not None:
        drop(call, running, "replaced")
    moved = workspace.plan_id != plan_id or workspace.paused_unpaid
    put_on(tx, workspace, plan_id)
    workspace.paused_unpaid = False
    _forget_request(tx, workspace)
    if moved:
        _record(tx, call, workspace, before, name)
        tell_people(tx, call, partner.id, workspace_id, "set", plan=name, before=before)
        standing.settle(tx, call, partner, workspace, before=held)
    return PlanSet(workspace_id, workspace.name, name, before, None, bool(standing.reasons(workspace)))


def _set_after(
    tx: Tx,
    call: Call,
    workspace: Workspace,
    running: Subscription,
    plan_id: int | None,
    name: str | None,
    before: str | None,
) -> PlanSet:
    end_with_period(tx, call, workspace.partner_id, workspace.id, plan_id)
    _forget_request(tx, workspace)
    until = running.period_end.isoformat() if running.period_end is not None else None
    audit.record(
        tx,
        call,
        workspace.partner_id,
        "plan_after",
        workspace_id=workspace.id,
        before={"plan": before},
        after={"plan": name, "from": until},
    )
    partner = catalogue.partner(tx, workspace.partner_id)
    assert partner is not None
    paying = paying_of(tx, partner, workspace.id)
    return PlanSet(workspace.id, workspace.name, name, before, paying, bool(standing.reasons(workspace)))


def _record(tx: Tx, call: Call, workspace: Workspace, before: str | None, after: str | None) -> None:
    audit.record(
        tx,
        call,
        workspace.partner_id,
        "plan",
        workspace_id=workspace.id,
        before={"plan": before},
        after={"plan": after},
    )


def _forget_request(tx: Tx, workspace: Workspace) -> None:
    row = subscriptions.request(tx, workspace.partner_id, workspace.id)
    if row is not None:
        tx.session.delete(row)


def allowances(tx: Tx, person_id: int, workspace_id: int) -> tuple[str, tuple[Allowance, ...]]:
    """A workspace's name and each limit with where its allowance comes from. Raises GoneError."""
    place, workspace = desk_workspace(tx, person_id, workspace_id)
    plan: dict[str, int] = {}
    if workspace.plan_id is not None:
        plan = catalogue.plan_allowances(tx, place.partner.id, [workspace.plan_id])[workspace.plan_id]
    overridden = workspaces.overrides(tx, place.partner.id, workspace_id)
    return workspace.name, tuple(
        Allowance(each, plan.get(each.code, 0), overridden.get(each.code))
        for each in standing.standing(tx, workspace).limits
    )


def set_override(
    tx: Tx, call: Call, workspace_id: int, code: str, value: int | None, *, over: bool = False
) -> None:
    """What this workspace has of a limit instead of its plan's value; None: the plan's again (R24).

    Raises GoneError (no such limit), BadValueError, PlanOverLimitError unless `over` (R23).
    """
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id)
    partner = place.partner
    if value is not None and not 0 <= value <= MOST_USED:
        raise BadValueError("count", str(value))
    renewal.catch_up(tx, call, partner, workspace, wallet)
    found = {each.standing.code: each for each in allowances(tx, call.person_id or 0, workspace_id)[1]}
    if code not in found:
        raise GoneError
    now = found[code]
    if now.override == value:
        return
    base = now.plan if now.override is None else now.override
    then = now.standing.allowance + (now.plan if value is None else value) - base
    used = now.standing.used if now.standing.counted else None
    changed = Fit(now.standing.label, used, now.standing.allowance, then)
    if changed.over and changed.then < changed.now and not over:
        raise PlanOverLimitError((changed,))
    row = subscriptions.override(tx, partner.id, workspace_id, code)
    if value is None and row is not None:
        tx.session.delete(row)
    elif row is not None and value is not None:
        row.value = value
    elif value is not None:
        tx.session.add(
            Override(partner_id=partner.id, workspace_id=workspace_id, limit_code=code, value=value)
        )
    audit.record(
        tx,
        call,
        partner.id,
        "override",
        workspace_id=workspace_id,
        subject=now.standing.label,
        before={"value": now.override},
        after={"value": value},
    )
    standing.settle(tx, call, partner, workspace)


def request_plan(tx: Tx, call: Call, workspace_id: int, plan_id: int) -> None:
    """An owner asks the partner for a plan that isn't sold by subscription. Raises GoneError.

    Asked again for the same plan tells nobody anew.
    """
    held = locked_seat(tx, call.person_id, workspace_id, Role.OWNER)
    partner_id = held.partner.id
    plan = catalogue.plan(tx, partner_id, plan_id)
    if plan is None or not plan.on_sale or plan.id == held.workspace.plan_id:
        raise GoneError
    row = subscriptions.request(tx, partner_id, workspace_id)
    if row is not None and row.plan_id == plan_id:
        return
    assert call.person_id is not None
    if row is None:
        row = PlanRequest(partner_id=partner_id, workspace_id=workspace_id)
        tx.session.add(row)
    row.plan_id, row.person_id, row.asked_at = plan_id, call.person_id, call.at
    notices.tell_desk(
        tx, call, partner_id, "plan_request", {"workspace_id": workspace_id, "plan_id": plan_id}
    )


def withdraw_request(tx: Tx, call: Call, workspace_id: int) -> None:
    """An owner takes the wish back; nothing to take back is fine."""
    held = locked_seat(tx, call.person_id, workspace_id, Role.OWNER)
    _forget_request(tx, held.workspace)


def decline_request(tx: Tx, call: Call, workspace_id: int) -> str | None:
    """The partner doesn't give the plan; the customer is told. Answers the plan's name, None: nothing was asked."""
    place, workspace, _ = desk_locked(tx, call.person_id, workspace_id)
    row = subscriptions.request(tx, place.partner.id, workspace_id)
    if row is None:
        return None
    name = plan_name(tx, place.partner.id, row.plan_id)
    audit.record(tx, call, place.partner.id, "decline_plan", workspace_id=workspace_id, after={"plan": name})
    tell_people(tx, call, place.partner.id, workspace_id, "declined", plan=name)
    _forget_request(tx, workspace)
    return name


def requests(tx: Tx, person_id: int) -> list[tuple[int, str, int, str]]:
    """Plans that are asked for: workspace and its name, plan and its name, oldest first."""
    partner_id = desk(tx, person_id).partner.id
    found = []
    for row in subscriptions.requests(tx, partner_id):
        workspace = workspaces.find(tx, row.workspace_id)
        name = plan_name(tx, partner_id, row.plan_id)
        if workspace is not None and name is not None:
            found.append((workspace.id, workspace.name, row.plan_id, name))
    return found
