"""Notices in words: kind and parameters from the outbox, in the reader's language, when they are sent."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from handlers.screens import Screen
from handlers.services import Services
from handlers.tongue import Tongue, tongue
from storage import people


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a notice is for."""

    person_id: int
    t: Tongue


Writer = Callable[[Services, Reader, dict[str, Any]], Awaitable[Screen | None]]
"""Writes one kind of notice; None: what it told of is gone, nothing is sent."""


@cache
def writers() -> Mapping[str, Writer]:
    """Who writes which kind."""
    from handlers.customer.notices import WRITERS as CUSTOMER
    from handlers.partner.notices import WRITERS as PARTNER

    return {**CUSTOMER, **PARTNER}


async def render(
    services: Services, kind: str, params: dict[str, Any], person_id: int | None
) -> Screen | None:
    """The screen of a notice. Raises KeyError for a kind nobody writes."""
    person = await services.db.read(people.person, person_id) if person_id is not None else None
    if person is None or person.telegram_id is None:
        return None
    return await writers()[kind](services, Reader(person.id, tongue(person.language)), params)
