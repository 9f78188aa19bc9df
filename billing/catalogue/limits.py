"""The partner's limits: those that came with the start, and own ones (R20)."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from billing import audit
from billing.access import desk, desk_partner
from billing.call import Call
from billing.errors import BadValueError, GoneError
from billing.text import required
from storage import catalogue
from storage.models import Addon, Limit
from storage.transaction import Tx

Kind = Literal["counted", "per_cycle", "granted"]
"""Counted and staying, like bots; counted anew in each cycle, like requests; only granted, like a timeout."""

MOST_LIMITS = 20
MOST_GRANT = 1_000_000_000
_CODE_LENGTH = 24


@dataclass(frozen=True, slots=True)
class LimitCard:
    """A limit as its partner sees it."""

    code: str
    label: str
    kind: Kind
    addons: tuple[str, ...]
    """Labels of the add-ons that raise it."""


def limit_cards(tx: Tx, person_id: int) -> list[LimitCard]:
    """All limits in the partner's order, for the desk."""
    partner_id = desk(tx, person_id).partner.id
    addons = catalogue.addons(tx, partner_id)
    return [
        LimitCard(
            limit.code,
            limit.label,
            kind_of(limit),
            tuple(addon.label for addon in addons if addon.limit_code == limit.code),
        )
        for limit in catalogue.limits(tx, partner_id)
    ]


def kind_of(limit: Limit) -> Kind:
    if not limit.counted:
        return "granted"
    return "per_cycle" if limit.per_cycle else "counted"


def add_limit(tx: Tx, call: Call, label: str, kind: Kind) -> str:
    """A limit of the partner's own; nobody may use any of it until a plan or an add-on grants some.

    Answers its code, by which a host reports usage. Raises BadValueError (label, length, limit_twice, limits).
    """
    partner = desk_partner(tx, call.person_id)
    done = audit.recorded(tx, call, partner.id, "limit")
    if done is not None:
        return str(done.after["code"])
    known = catalogue.limits(tx, partner.id)
    text = _new_label(known, label)
    if len(known) >= MOST_LIMITS:
        raise BadValueError("limits", str(len(known)))
    code = _code(text, {limit.code for limit in known})
    tx.session.add(
        Limit(
            partner_id=partner.id,
            code=code,
            label=text,
            counted=kind != "granted",
            per_cycle=kind == "per_cycle",
            position=max((limit.position for limit in known), default=0) + 1,
        )
    )
    audit.record(tx, call, partner.id, "limit", subject=text, after={"code": code, "kind": kind})
    return code


def rename_limit(tx: Tx, call: Call, code: str, label: str) -> None:
    """What customers read; its code stays. Raises GoneError, BadValueError (label, length, limit_twice)."""
    partner = desk_partner(tx, call.person_id)
    known = catalogue.limits(tx, partner.id)
    limit = _limit(known, code)
    text = _new_label([each for each in known if each.code != code], label)
    audit.record(
        tx,
        call,
        partner.id,
        "rename_limit",
        subject=text,
        before={"label": limit.label},
        after={"label": text},
    )
    limit.label = text


def sell_limit(tx: Tx, call: Call, code: str, grant: int) -> int:
    """A new add-on of which each unit grants so much of a limit; it goes on sale with its first price (R6).

    Answers its number. Raises GoneError, BadValueError (grant).
    """
    partner = desk_partner(tx, call.person_id)
    done = audit.recorded(tx, call, partner.id, "limit_addon")
    if done is not None:
        return int(done.after["addon_id"])
    limit = _limit(catalogue.limits(tx, partner.id), code)
    if not 1 <= grant <= MOST_GRANT:
        raise BadValueError("grant", str(grant))
    addons = catalogue.addons(tx, partner.id)
    addon = Addon(
        partner_id=partner.id,
        id=catalogue.next_number(tx, "addon"),
        label=f"+{grant:,} {limit.label}",
        limit_code=code,
        grant=grant,
        cost_currency=partner.currency,
        position=max((each.position for each in addons), default=0) + 1,
    )
    tx.session.add(addon)
    audit.record(tx, call, partner.id, "limit_addon", subject=addon.label, after={"addon_id": addon.id})
    return addon.id


def _limit(known: list[Limit], code: str) -> Limit:
    limit = next((each for each in known if each.code == code), None)
    if limit is None:
        raise GoneError
    return limit


def _new_label(others: list[Limit], label: str) -> str:
    text = required(label, "label")
    if any(each.label.casefold() == text.casefold() for each in others):
        raise BadValueError("limit_twice", text)
    return text


def _code(label: str, taken: set[str]) -> str:
    """The label in plain small letters, or a number where it has none; short enough for any button."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_CODE_LENGTH].strip("_") or "limit"
    code, number = stem, 1
    while code in taken:
        number += 1
        code = f"{stem}_{number}"
    return code
