"""How often Stripe is asked about a refund that it took: one can fail for thirty days, the likelier the sooner (R29)."""

import datetime as dt

_AGES = (
    dt.timedelta(hours=1),
    dt.timedelta(hours=6),
    dt.timedelta(days=1),
    dt.timedelta(days=3),
    dt.timedelta(days=7),
    dt.timedelta(days=14),
    dt.timedelta(days=30),
)
_STILL_PENDING = dt.timedelta(days=7)


def next_look(made_at: dt.datetime, status: str, now: dt.datetime) -> dt.datetime | None:
    """When to look at a refund again; None: it has failed, or is too old to fail any more."""
    if status in {"failed", "refused"}:
        return None
    coming = next((made_at + age for age in _AGES if made_at + age > now), None)
    if coming is None and status == "pending":
        return now + _STILL_PENDING
    return coming
