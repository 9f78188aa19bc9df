"""The boundary between two cycles: what renews, what waits for points, what ends (R14-R16)."""

from billing.renewal.boundaries import catch_up
from billing.renewal.cycles import EARLIEST_REMINDER, cycle_values, enter_cycle, expect_current, is_due
from billing.renewal.keeping import KeepEntry, keep_order, reset_keep_order, set_keep_order
from billing.renewal.lapsing import charge_given_up, lapse_due, wait_ends
from billing.renewal.needs import Forecast, Need, NeededUnits, forecast, need, next_need
from billing.renewal.paying import end_wait, pay_unpaid
from billing.renewal.sweep import Swept, lease_lapses, set_aside, sweep_batch, work_off
from billing.renewal.wishes import Ending, Kept, Wish, keep, stopped

__all__ = [
    "EARLIEST_REMINDER",
    "Ending",
    "Forecast",
    "KeepEntry",
    "Kept",
    "Need",
    "NeededUnits",
    "Swept",
    "Wish",
    "catch_up",
    "charge_given_up",
    "cycle_values",
    "end_wait",
    "enter_cycle",
    "expect_current",
    "forecast",
    "is_due",
    "keep",
    "keep_order",
    "lapse_due",
    "lease_lapses",
    "need",
    "next_need",
    "pay_unpaid",
    "reset_keep_order",
    "set_aside",
    "set_keep_order",
    "stopped",
    "sweep_batch",
    "wait_ends",
    "work_off",
]
