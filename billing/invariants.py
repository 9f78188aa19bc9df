"""What must hold of the books, by name: for `addondesk doctor` and for the running bot's own look."""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial

from storage import invariants, limit_checks, renewal_checks
from storage.transaction import Tx

Invariant = tuple[str, Callable[[Tx], Sequence[str]]]


def invariants_at(now: dt.datetime) -> tuple[Invariant, ...]:
    """Every invariant as (name, query); a query answers what breaks it, a line each."""
    return (
        ("balances", invariants.wallets_are_their_postings),
        ("payments", invariants.paid_orders_are_credited),
        ("reversals", invariants.reversals_follow_the_money),
        ("renewals", renewal_checks.no_unit_is_renewed_twice),
        ("waiting", renewal_checks.what_waits_has_an_end),
        ("lapses", partial(renewal_checks.no_lapse_is_late, now=now)),
        ("cycles", partial(invariants.no_cycle_is_late, now=now)),
        ("orders", partial(invariants.no_order_is_forgotten, now=now)),
        ("deliveries", partial(invariants.hosts_answer, now=now)),
        ("limits", limit_checks.over_a_limit_is_paused),
        ("pauses", limit_checks.paused_for_a_limit_is_over_one),
    )
