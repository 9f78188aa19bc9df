"""What a new partner begins with (R6, R20, R24)."""

from collections.abc import Sequence

from billing.access import DeskRole
from billing.call import Call
from billing.text import clean
from storage import catalogue, people
from storage.models import (
    Addon,
    Limit,
    PartnerAdmin,
    Plan,
    PlanAllowance,
)
from storage.transaction import Tx

FIRST_PARTNER = 1


_LIMITS = (
    ("bots", "Bots", True, False),
    ("members", "Members", True, False),
    ("bot_users", "Bot users", True, False),
    ("webhook_requests", "Webhook requests", True, True),
    ("request_timeout", "Request timeout, s", False, False),
)


_PLANS = (
    ("Business", {"bots": 1, "bot_users": 1_000, "members": 5}),
    ("Business Lite", {"bots": 1, "bot_users": 10_000, "members": 5}),
    ("Business Large", {"bots": 5, "bot_users": 50_000, "members": 10}),
)


_ADDONS = (
    ("Extra bot", "bots", 1, 500),
    ("Extra member", "members", 1, 500),
    ("+1,000 bot users", "bot_users", 1_000, 500),
    ("+10,000 bot users", "bot_users", 10_000, 3_000),
    ("+1,000 webhook requests", "webhook_requests", 1_000, 2_000),
    ("Request timeout +10 s", "request_timeout", 10, 2_000),
)


_FEATURES = ("Advanced automations", "Extra integrations", "Premium features")


def first_partner(tx: Tx, call: Call, name: str, owner_telegram_ids: Sequence[int]) -> int:
    """Make sure the partner of the settings stands, with defaults, and its owners with it. Answers its id."""
    found = catalogue.first_partner(tx)
    if found is None and catalogue.make_partner(tx, FIRST_PARTNER, clean(name), call.at):
        _defaults(tx, FIRST_PARTNER)
    # Processes that start at once: the others wait here and find the owners.
    partner = catalogue.lock_partner(tx, found.id if found is not None else FIRST_PARTNER)
    for telegram_id in owner_telegram_ids:
        person = people.person_of(tx, telegram_id, call.id_for("person", telegram_id), call.at)
        admin = people.admin(tx, partner.id, person.id)
        if admin is None:
            admin = PartnerAdmin(partner_id=partner.id, person_id=person.id, since=call.at)
            tx.session.add(admin)
        admin.role = DeskRole.OWNER.code
    return partner.id


def _defaults(tx: Tx, partner_id: int) -> None:
    for position, (code, label, counted, per_cycle) in enumerate(_LIMITS):
        tx.session.add(
            Limit(
                partner_id=partner_id,
                code=code,
                label=label,
                counted=counted,
                per_cycle=per_cycle,
                position=position,
            )
        )
    for position, (name, allowances) in enumerate(_PLANS):
        plan_id = catalogue.next_number(tx, "plan")
        tx.session.add(Plan(partner_id=partner_id, id=plan_id, name=name, position=position))
        for code, value in allowances.items():
            tx.session.add(
                PlanAllowance(partner_id=partner_id, plan_id=plan_id, limit_code=code, value=value)
            )
    for position, (label, limit, grant, cost) in enumerate(_ADDONS):
        _new_addon(tx, partner_id, label, position, limit=limit, grant=grant, cost=cost)
    for position, label in enumerate(_FEATURES, start=len(_ADDONS)):
        _new_addon(tx, partner_id, label, position, feature=label)


def _new_addon(
    tx: Tx,
    partner_id: int,
    label: str,
    position: int,
    *,
    limit: str | None = None,
    grant: int = 0,
    feature: str | None = None,
    cost: int | None = None,
) -> None:
    tx.session.add(
        Addon(
            partner_id=partner_id,
            id=catalogue.next_number(tx, "addon"),
            label=label,
            limit_code=limit,
            grant=grant,
            feature=feature,
            cost_minor=cost,
            cost_currency="USD",
            position=position,
        )
    )
