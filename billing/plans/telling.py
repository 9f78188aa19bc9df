"""What is told of a workspace's plan: to its people as "plan", to the partner's as "desk_plan"."""

from typing import Any, Literal, TypeAlias

from billing import notices
from billing.call import Call
from storage import catalogue, outbox, people
from storage.models import PlanCheckout
from storage.transaction import Tx

News: TypeAlias = Literal[
    "started",  # a subscription has begun
    "changed",  # it moved to another plan
    "paid",  # a further invoice is paid
    "failed",  # an invoice isn't
    "unpaid",  # Stripe gave up: paused
    "ending",  # it ends with its period
    "kept",  # it goes on after all
    "ended",
    "duplicate",  # a second one was ended and refunded
    "unwanted",  # one for a closed workspace was
    "set",  # by hand
    "not_changed",  # a change was not paid in time
    "not_made",  # a change that nobody knew the end of did not come about
    "priceless",  # it was moved at Stripe to a price that no plan has
    "declined",  # the partner declined what was asked for
]


def plan_name(tx: Tx, partner_id: int, plan_id: int | None) -> str | None:
    plan = catalogue.plan(tx, partner_id, plan_id) if plan_id is not None else None
    return plan.name if plan is not None else None


def tell_people(
    tx: Tx, call: Call, partner_id: int, workspace_id: int, what: News, but: int | None = None, **facts: Any
) -> None:
    """Owner and billing people (R36). `facts`: plan, until (ISO instant), and what the news needs."""
    notices.tell_workspace(
        tx, call.part(f"plan-{what}"), partner_id, workspace_id, "plan", {"what": what, **facts}, but=but
    )


def tell_desk(tx: Tx, call: Call, partner_id: int, workspace_id: int, what: News, **facts: Any) -> None:
    """The partner's people, but not one who just did it."""
    notices.tell_desk(
        tx,
        call.part(f"plan-{what}-{workspace_id}"),
        partner_id,
        "desk_plan",
        {"what": what, "workspace_id": workspace_id, **facts},
        but=call.person_id,
    )


def change_message(tx: Tx, call: Call, page: PlanCheckout) -> None:
    """The chat message with the link to pay becomes what came of it."""
    person = people.person(tx, page.person_id)
    chat_id = page.chat_id or (person.telegram_id if person is not None else None)
    if person is None or chat_id is None:
        return
    moment = Call(call.at, f"plan-page:{page.id}:{page.status}", call.bot_id)
    outbox.put(
        tx,
        bot_id=call.bot_id,
        id=moment.id_for("plan_page", chat_id),
        partner_id=page.partner_id,
        chat_id=chat_id,
        person_id=person.id,
        kind="plan_page",
        params={"page_id": page.id, "workspace_id": page.workspace_id},
        created_at=call.at,
        due_at=call.at,
        edits_message_id=page.message_id,
    )
