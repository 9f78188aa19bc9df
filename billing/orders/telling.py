"""What people are told of an order that moved by itself."""

from typing import Any

from billing import notices
from billing.arrival import NOTHING_ARRIVED, Arrival
from billing.call import Call
from storage import outbox, people
from storage.models import Order, OrderStatus
from storage.transaction import Tx


def tell(tx: Tx, call: Call, order: Order, arrival: Arrival = NOTHING_ARRIVED, *, anew: bool = False) -> None:
    """Change the chat message that shows the order; tell the others who look after the money.

    `anew`: the customer waited for days, and an edit of an old message rings no bell.
    """
    moment = Call(call.at, f"order:{order.id}:{order.status}:{order.reason}", call.bot_id)
    params: dict[str, Any] = {
        "order_id": order.id,
        "workspace_id": order.workspace_id,
        **arrival.params(),
    }
    person = people.person(tx, order.person_id) if order.person_id is not None else None
    chat_id = order.chat_id or (person.telegram_id if person is not None else None)
    if chat_id is not None and person is not None:
        places = [order.message_id, None] if anew and order.message_id is not None else [order.message_id]
        for place_no, message_id in enumerate(places):
            outbox.put(
                tx,
                bot_id=call.bot_id,
                id=moment.id_for("order", chat_id, place_no),
                partner_id=order.partner_id,
                chat_id=chat_id,
                person_id=person.id,
                kind="order",
                params=params,
                created_at=call.at,
                due_at=call.at,
                edits_message_id=message_id,
            )
    if order.status == OrderStatus.PAID:
        notices.tell_workspace(
            tx, moment, order.partner_id, order.workspace_id, "topup", params, but=order.person_id
        )
        notices.tell_desk(tx, moment, order.partner_id, "desk_topup", params)
