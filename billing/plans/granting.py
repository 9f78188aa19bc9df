"""What plans grant. A changed allowance reaches every workspace of its plan, with its pause reasons (R21, R24)."""

from dataclasses import dataclass

from billing import audit, renewal, standing
from billing.access import desk, desk_partner
from billing.call import Call
from billing.errors import BadValueError, GoneError
from storage import catalogue, subscriptions, workspaces
from storage.models import Partner, Plan, PlanAllowance
from storage.transaction import Tx

BATCH = 200
"""Workspaces that are brought to changed allowances in one transaction."""
MOST_GRANTED = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class Touch:
    """What changing an allowance would do."""

    plan_id: int
    plan: str
    code: str
    label: str
    before: int
    value: int
    workspaces: int
    """Those whose allowance changes: on the plan, without an override."""
    over: int
    """Those that would come to be over the limit, and pause."""


def touch(tx: Tx, person_id: int, plan_id: int, code: str, value: int) -> Touch:
    """Before it is saved. Raises GoneError, BadValueError (count)."""
    partner = desk(tx, person_id).partner
    plan = catalogue.plan(tx, partner.id, plan_id)
    if plan is None:
        raise GoneError
    label = _label(tx, partner, code)
    _check(value)
    row = subscriptions.allowance(tx, partner.id, plan_id, code)
    before = row.value if row is not None else 0
    return Touch(
        plan_id,
        plan.name,
        code,
        label,
        before,
        value,
        subscriptions.touched(tx, partner.id, plan_id, code),
        _newly_over(tx, partner, plan, code, before, value),
    )


def _newly_over(tx: Tx, partner: Partner, plan: Plan, code: str, before: int, value: int) -> int:
    """By today's standing: usage of a cycle that is over doesn't count."""
    if value >= before:
        return 0
    count = 0
    for workspace in subscriptions.above(tx, partner.id, plan.id, code, value):
        limit = next(each for each in standing.standing(tx, workspace).limits if each.code == code)
        then = limit.allowance - before + value
        count += limit.counted and not limit.over and (limit.used or 0) > then
    return count


def _label(tx: Tx, partner: Partner, code: str) -> str:
    limit = next((each for each in catalogue.limits(tx, partner.id) if each.code == code), None)
    if limit is None:
        raise GoneError
    return limit.label


def _check(value: int) -> None:
    if not 0 <= value <= MOST_GRANTED:
        raise BadValueError("count", str(value))


def set_allowance(tx: Tx, call: Call, plan_id: int, code: str, value: int) -> int:
    """Save it, and bring the plan's workspaces to it: a batch at once, the rest by settle_plan.

    The plan is locked before its workspaces are listed, so one that is put on it meanwhile waits and reads the new value.
    Answers how many workspaces were settled. Raises GoneError, BadValueError (count).
    """
    partner = desk_partner(tx, call.person_id)
    _check(value)
    label = _label(tx, partner, code)
    # Workspaces before the plan, as whoever puts one on it locks them.
    subscriptions.lock_wallets(
        tx, partner.id, subscriptions.numbers_on_plan(tx, partner.id, plan_id, 0, BATCH)
    )
    plan = subscriptions.lock_plan(tx, partner.id, plan_id)
    if plan is None:
        raise GoneError
    row = subscriptions.allowance(tx, partner.id, plan_id, code)
    before = row.value if row is not None else 0
    if before == value:
        return 0
    if row is None:
        row = PlanAllowance(partner_id=partner.id, plan_id=plan_id, limit_code=code)
        tx.session.add(row)
    row.value = value
    audit.record(
        tx,
        call,
        partner.id,
        "allowance",
        subject=f"{plan.name}: {label}",
        before={"value": before},
        after={"value": value},
    )
    plan.settles_after = 0
    tx.session.flush()
    return _settle_batch(tx, call, partner, plan)


def unsettled(tx: Tx) -> list[tuple[int, int]]:
    """(partner, plan) whose workspaces are not all brought to changed allowances."""
    return subscriptions.unsettled_plans(tx)


def settle_plan(tx: Tx, call: Call, partner_id: int, plan_id: int) -> int:
    """The next batch of a plan whose allowances changed. Answers how many workspaces were settled."""
    plan = catalogue.plan(tx, partner_id, plan_id)
    if plan is None or plan.settles_after is None:
        return 0
    numbers = subscriptions.numbers_on_plan(tx, partner_id, plan_id, plan.settles_after, BATCH)
    subscriptions.lock_wallets(tx, partner_id, numbers)
    partner, locked = catalogue.partner(tx, partner_id), subscriptions.lock_plan(tx, partner_id, plan_id)
    assert partner is not None
    if locked is None or locked.settles_after is None:
        return 0
    return _settle_batch(tx, call, partner, locked)


def _settle_batch(tx: Tx, call: Call, partner: Partner, plan: Plan) -> int:
    numbers = subscriptions.numbers_on_plan(tx, partner.id, plan.id, plan.settles_after or 0, BATCH)
    for number in numbers:
        found = workspaces.lock(tx, number)
        assert found is not None
        workspace, wallet = found
        each = call.part(f"workspace-{number}")
        renewal.catch_up(tx, each, partner, workspace, wallet)
        standing.settle(tx, each, partner, workspace)
    plan.settles_after = numbers[-1] if len(numbers) == BATCH else None
    return len(numbers)
