"""Disputes: a cardholder calls a charge back at the bank."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.errors import invalid_request
from sandbox.stripe.listing import listed
from sandbox.stripe.routing import ApiRequest, Route

_ANSWER_WITHIN = 7 * 86_400
_FEE = 1500
_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


def open_dispute(
    account: Account,
    charge: Obj,
    *,
    inquiry: bool = False,
    reason: str = "general",
    amount: int | None = None,
) -> Obj:
    """A chargeback withdraws the money at once; an inquiry (status warning_*) takes none. `amount` in minor units."""
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise invalid_request(f"Charge {charge['id']} cannot be disputed.")
    dispute = account.add(
        {
            "id": account.new_id("dp"),
            "object": "dispute",
            "amount": charge["amount"] if amount is None else amount,
            "balance_transactions": [],
            "charge": charge["id"],
            "created": account.server.now(),
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {"enhanced_evidence": {}},
            "evidence_details": {
                "due_by": account.server.now() + _ANSWER_WITHIN,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": inquiry,
            "livemode": account.livemode,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": "warning_needs_response" if inquiry else "needs_response",
        }
    )
    charge["disputed"] = True
    account.emit("charge.dispute.created", dispute)
    if not inquiry:
        _move_money(account, dispute, withdrawn=True)
        account.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(account: Account, dispute: Obj, *, won: bool) -> Obj:
    """The bank's decision. A won chargeback brings the money back; an inquiry closes without moving any."""
    if dispute["status"] not in _OPEN:
        raise invalid_request(f"Dispute {dispute['id']} is already closed.")
    previous = {"status": dispute["status"]}
    inquiry = dispute["status"].startswith("warning_")
    dispute["status"] = "warning_closed" if inquiry else "won" if won else "lost"
    if dispute["status"] == "won":
        _move_money(account, dispute, withdrawn=False)
        account.emit("charge.dispute.funds_reinstated", dispute)
    account.emit("charge.dispute.closed", dispute, previous)
    return dispute


def _move_money(account: Account, dispute: Obj, *, withdrawn: bool) -> None:
    sign = -1 if withdrawn else 1
    fee = _FEE if withdrawn else 0
    now = account.server.now()
    dispute["balance_transactions"].append(
        {
            "id": account.new_id("txn"),
            "object": "balance_transaction",
            "amount": sign * dispute["amount"],
            "available_on": now,
            "balance_type": "payments",
            "created": now,
            "currency": dispute["currency"],
            "description": f"Chargeback {'withdrawal' if withdrawn else 'reversal'} for {dispute['charge']}",
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [],
            "net": sign * dispute["amount"] - fee,
            "reporting_category": "dispute" if withdrawn else "dispute_reversal",
            "source": dispute["id"],
            "status": "available",
            "type": "adjustment",
        }
    )


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("dispute", request.ids["dispute"], "dispute")


def _list(request: ApiRequest) -> Obj:
    return listed(request, request.account.all("dispute"), equal=("charge", "payment_intent"))


ROUTES = (
    Route("GET", "/v1/disputes", _list),
    Route("GET", "/v1/disputes/{dispute}", _retrieve),
)
