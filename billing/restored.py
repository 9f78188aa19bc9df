"""Whether this database is older than what happened at Stripe: a restored backup charges and sends nothing (DESIGN 5.6).

Whatever is made at Stripe bears our mark, and its row is committed before Stripe is asked. So what is marked and has no
row was made by a process whose writes are lost, however fresh it is.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

import structlog

from billing.errors import BooksBehindError, PaymentsDownError
from billing.gateway import GatewayError, Made, metadata_number
from billing.marks import is_marked
from billing.payments import Payments
from storage import catalogue
from storage import restored as rows
from storage.transaction import Tx

log = structlog.get_logger()

_SKEW: Final = dt.timedelta(minutes=5)
"""By how much Stripe's clock may be behind ours."""
_COUNTED: Final = ("workspace", "plan")
"""Numbers in metadata that a counter hands out, which an older database would hand out again."""


async def may_charge(payments: Payments, partner_id: int) -> bool:
    """Whether money may be moved and agreements be changed at Stripe for a partner.

    A process asks Stripe before it does so for the first time; while Stripe doesn't answer it may not.
    """
    if partner_id not in payments.looked:
        try:
            await look(payments, partner_id)
        except (GatewayError, PaymentsDownError) as error:
            log.warning("charging waits for stripe", partner=partner_id, error=str(error))
            return False
    return await payments.db.read(behind_since, partner_id) is None


async def expect_charging(payments: Payments, partner_id: int) -> None:
    """For what a person asked for, unless may_charge: raises BooksBehindError, PaymentsDownError."""
    if not await may_charge(payments, partner_id):
        behind = await payments.db.read(behind_since, partner_id)
        raise BooksBehindError if behind is not None else PaymentsDownError


async def look(payments: Payments, partner_id: int) -> bool:
    """Look at everything that was made since the books were known to be complete; whether something of ours is missing.

    Raises GatewayError, PaymentsDownError.
    """
    gateway, began = payments.gateway(partner_id), payments.clock.now()
    since = await payments.db.read(_unknown_since, partner_id)
    async for made in gateway.made_since(since):
        missing = await payments.db.read(missing_of, payments.bot_id, partner_id, made)
        if missing:
            await payments.db.write(_fall_behind, partner_id, since, missing)
    behind = await payments.db.read(behind_since, partner_id)
    if behind is None:
        await payments.db.write(_up_to_date, partner_id, began)
    else:
        log.error(
            "this database is older than what happened at Stripe: a restored backup?"
            " Nothing is charged or sent until `addondesk reconcile` has run",
            partner=partner_id,
            since=behind.isoformat(),
        )
    payments.looked.add(partner_id)
    return behind is not None


async def lacks_any(payments: Payments, partner_id: int) -> bool:
    """The same question, and nothing is noted; stops at the first that is missing. Raises GatewayError."""
    since = await payments.db.read(_unknown_since, partner_id)
    async for made in payments.gateway(partner_id).made_since(since):
        if await payments.db.read(missing_of, payments.bot_id, partner_id, made):
            return True
    return False


def behind_since(tx: Tx, partner_id: int) -> dt.datetime | None:
    """From about when on Stripe has something of ours that isn't known here; None: the books are complete."""
    partner = catalogue.partner(tx, partner_id)
    return partner.behind_since if partner is not None else None


def missing_of(tx: Tx, bot_id: int, partner_id: int, made: Sequence[Made]) -> list[Made]:
    """What of it is ours and has no row."""
    ours = [each for each in made if is_marked(each.metadata, bot_id, partner_id)]
    numbered = [
        (each, name, metadata_number(each.metadata, name))
        for each in ours
        for name in rows.NUMBERED
        if name in each.metadata
    ]
    asked = {name: {number for _, of, number in numbered if of == name} for name in rows.NUMBERED}
    known = rows.known_numbers(tx, partner_id, asked)
    return [each for each, name, number in numbered if (name, number) not in known]


def _unknown_since(tx: Tx, partner_id: int) -> dt.datetime | None:
    partner = catalogue.partner(tx, partner_id)
    assert partner is not None, "its key was asked for"
    return partner.known_until - _SKEW if partner.known_until is not None else None


def _fall_behind(tx: Tx, partner_id: int, since: dt.datetime | None, missing: Sequence[Made]) -> None:
    partner = catalogue.lock_partner(tx, partner_id)
    oldest = min(each.created for each in missing) if since is None else since
    partner.behind_since = min(partner.behind_since or oldest, oldest)
    # A workspace of today must not be given the payments of one that was lost.
    for name in _COUNTED:
        catalogue.lift_number(tx, name, max(metadata_number(each.metadata, name) for each in missing))


def _up_to_date(tx: Tx, partner_id: int, at: dt.datetime) -> None:
    partner = catalogue.lock_partner(tx, partner_id)
    if partner.behind_since is None:
        partner.known_until = max(partner.known_until or at, at)


def caught_up(tx: Tx, partner_id: int, began: dt.datetime) -> None:
    """All that happened until `began` was fetched; what could not be brought back then isn't looked for again."""
    partner = catalogue.lock_partner(tx, partner_id)
    partner.behind_since = None
    partner.known_until = max(partner.known_until or began, began + _SKEW)
