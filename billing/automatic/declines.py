"""What a decline means for the next attempt (R18)."""

from typing import Final, Literal

Decline = Literal["soft", "hard"]
"""soft: the same card may be charged later. hard: never this card again."""

MOST_SOFT: Final = 4
"""Soft declines in a row: the last of them suspends."""
CONFIRMATION: Final = "authentication_required"
"""The bank wants its customer to confirm (3-D Secure): charged again later like any soft decline."""

_HARD: Final = frozenset(
    {
        "card_not_supported",
        "currency_not_supported",
        "expired_card",
        "fraudulent",
        "highest_risk_level",
        "incorrect_cvc",
        "incorrect_number",
        "invalid_account",
        "invalid_cvc",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "invalid_number",
        "lost_card",
        "merchant_blacklist",
        "new_account_information_available",
        "pickup_card",
        "restricted_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "security_violation",
        "stolen_card",
        "stop_payment_order",
        "testmode_decline",
        "transaction_not_allowed",
    }
)
_HARD_ADVICE: Final = frozenset({"do_not_try_again", "confirm_card_data"})


def sorted_decline(code: str, advice: str | None) -> Decline:
    """How a decline code counts. The bank's advice to stop is stronger than a code that sounds temporary."""
    if code == CONFIRMATION:
        return "soft"
    if code in _HARD or advice in _HARD_ADVICE:
        return "hard"
    return "soft"
