"""Dates of a cycle on which credit billing was off: what was posted for them goes back when the cycle ends (R7, R26)."""

from billing.call import Call
from billing.charging import free_dates, load_sale, running_cycle
from billing.explain import pack
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.proration import formula
from storage import catalogue, ledger
from storage.models import Partner, Workspace
from storage.transaction import Tx


def give_free_dates_back(tx: Tx, call: Call, partner: Partner, workspace: Workspace) -> int:
    """Settle the cycle that ends with what it should have cost; hundredths that went back.

    Only ever back: dates without billing make a target fall, and nothing else does without a posting of its own.
    """
    cycle = running_cycle(workspace)
    switches = catalogue.billing_switches(tx, partner.id)
    if not free_dates(switches, workspace.zone, cycle, cycle.end):
        return 0
    operations = []
    for addon in catalogue.addons(tx, partner.id):
        posted = ledger.posted_for(tx, partner.id, workspace.id, addon.id, cycle.start)
        sale = load_sale(tx, partner, workspace, addon, cycle, cycle.end) if posted > 0 else None
        if sale is None:
            continue
        worked_out = formula(cycle, sale.history(), sale.history(), sale.terms, posted)
        if worked_out.amount < 0:
            line = Line(
                Kind.FREED,
                -worked_out.amount,
                addon_id=addon.id,
                cycle_start=cycle.start,
                explained=pack(worked_out, sale.units, sale.units),
            )
            reference = f"freed:{workspace.id}:{addon.id}:{cycle.start.isoformat()}"
            operations.append(Operation(partner.id, workspace.id, reference, (line,), call.at))
    answers = post(tx, operations)
    return sum(answer.amount for answer in answers if isinstance(answer, Posted) and not answer.repeated)
