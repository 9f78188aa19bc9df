"""Dates of a cycle on which credit billing was off: what was posted for them goes back when the cycle ends (R7, R26)."""

from billing.call import Call
from billing.charging import free_dates, load_sale, running_cycle
from billing.ledger import Kind, Line, Operation, Posted, post
from storage import catalogue, ledger
from storage.models import Partner, Workspace
from storage.transaction import Tx


def give_free_dates_back(tx: Tx, call: Call, partner: Partner, workspace: Workspace) -> int:
    """Settle the cycle that ends with what it should have cost; hundredths that went back.

    Only ever back: what the partner added without points while billing was off costs nothing later on.
    """
    cycle = running_cycle(workspace)
    switches = catalogue.billing_switches(tx, partner.id)
    if not free_dates(switches, workspace.zone, cycle, cycle.end):
        return 0
    operations = []
    for addon in catalogue.addons(tx, partner.id):
        posted = ledger.posted_for(tx, partner.id, workspace.id, addon.id, cycle.start)
        sale = load_sale(tx, partner, workspace, addon, cycle, cycle.end) if posted > 0 else None
        back = posted - sale.target() if sale is not None else 0
        if back > 0:
            line = Line(Kind.FREED, back, addon_id=addon.id, cycle_start=cycle.start)
            reference = f"freed:{workspace.id}:{addon.id}:{cycle.start.isoformat()}"
            operations.append(Operation(partner.id, workspace.id, reference, (line,), call.at))
    answers = post(tx, operations)
    return sum(answer.amount for answer in answers if isinstance(answer, Posted) and not answer.repeated)
