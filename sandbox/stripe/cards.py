"""Stripe's test cards and how each behaves. The sandbox takes them in live mode too, where Stripe would not."""

from dataclasses import dataclass, field
from typing import Literal

from sandbox.stripe.errors import StripeError

Authentication = Literal["never", "unless_saved", "always"]


@dataclass(frozen=True, slots=True)
class Decline:
    """Why an issuer says no: `advice_code` says whether trying again has sense."""

    code: str
    decline_code: str | None
    advice_code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class TestCard:
    """`decline` meets every charge, `decline_off_session` only those without the customer.

    `good_for`: so many charges succeed before `decline_off_session` sets in.
    """

    __test__ = False

    number: str
    brand: str
    label: str
    decline: Decline | None = None
    decline_off_session: Decline | None = None
    good_for: int = 0
    authentication: Authentication = "never"
    dispute: Literal["fraudulent", "inquiry"] | None = None

    @property
    def last4(self) -> str:
        return self.number[-4:]


GENERIC = Decline("card_declined", "generic_decline", "try_again_later", "Your card was declined.")
_INSUFFICIENT = Decline(
    "card_declined", "insufficient_funds", "try_again_later", "Your card has insufficient funds."
)
_LOST = Decline("card_declined", "lost_card", "do_not_try_again", "Your card was declined.")
_STOLEN = Decline("card_declined", "stolen_card", "do_not_try_again", "Your card was declined.")
_FRAUDULENT = Decline("card_declined", "fraudulent", "do_not_try_again", "Your card was declined.")
_VELOCITY = Decline(
    "card_declined",
    "card_velocity_exceeded",
    "try_again_later",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
)
_EXPIRED = Decline("expired_card", "expired_card", "do_not_try_again", "Your card has expired.")
_WRONG_CVC = Decline(
    "incorrect_cvc", "incorrect_cvc", "confirm_card_data", "Your card's security code is incorrect."
)
_PROCESSING = Decline(
    "processing_error",
    "processing_error",
    "try_again_later",
    "An error occurred while processing your card. Try again in a little bit.",
)

CARDS = {
    card.number: card
    for card in (
        TestCard("4242424242424242", "visa", "Pays"),
        TestCard("5555555555554444", "mastercard", "Pays"),
        TestCard("378282246310005", "amex", "Pays"),
        TestCard("4000000000000002", "visa", "Declined", decline=GENERIC),
        TestCard("4000000000009995", "visa", "Not enough money", decline=_INSUFFICIENT),
        TestCard("4000000000000069", "visa", "Expired card", decline=_EXPIRED),
        TestCard("4000000000009987", "visa", "Lost card", decline=_LOST),
        TestCard("4000000000009979", "visa", "Stolen card", decline=_STOLEN),
        TestCard("4000000000000127", "visa", "Wrong security code", decline=_WRONG_CVC),
        TestCard("4000000000000119", "visa", "Processing error", decline=_PROCESSING),
        TestCard("4000000000006975", "visa", "Too many attempts", decline=_VELOCITY),
        TestCard("4100000000000019", "visa", "Blocked as fraud", decline=_FRAUDULENT),
        TestCard("4000002500003155", "visa", "3-D Secure, once", authentication="unless_saved"),
        TestCard("4000002760003184", "visa", "3-D Secure, always", authentication="always"),
        TestCard("4000000000000341", "visa", "Pays now, later charges fail", decline_off_session=GENERIC),
        TestCard("4000003800000446", "visa", "3-D Secure, set up before"),
        TestCard(
            "4000008260003178",
            "visa",
            "3-D Secure, then no money",
            decline_off_session=_INSUFFICIENT,
            authentication="unless_saved",
        ),
        TestCard("4000000000000259", "visa", "Pays, then disputed", dispute="fraudulent"),
        TestCard("4000000000001976", "visa", "Pays, then inquired about", dispute="inquiry"),
        # These five are the sandbox's own: Stripe has no card that is saved and then declined for such a reason.
        TestCard(
            "4000990000000012", "visa", "Saved, then too little money", decline_off_session=_INSUFFICIENT
        ),
        TestCard("4000990000000020", "visa", "Saved, then expired", decline_off_session=_EXPIRED),
        TestCard("4000990000000038", "visa", "Saved, then reported lost", decline_off_session=_LOST),
        TestCard("4000990000000046", "visa", "Saved, then bank unreachable", decline_off_session=_PROCESSING),
        TestCard(
            "4000990000000053",
            "visa",
            "Fails from the 2nd charge on",
            decline_off_session=GENERIC,
            good_for=1,
        ),
    )
}

SHORTHANDS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
}
"""Payment method ids that Stripe understands in place of a saved one."""


_KNOWN = {
    decline.decline_code or decline.code: decline
    for card in CARDS.values()
    for decline in (card.decline, card.decline_off_session)
    if decline is not None
} | {
    code: Decline("card_declined", code, advice, "Your card was declined.")
    for code, advice in (
        ("do_not_honor", "try_again_later"),
        ("try_again_later", "try_again_later"),
        ("restricted_card", "do_not_try_again"),
        ("revocation_of_all_authorizations", "do_not_try_again"),
    )
}
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "authentication_required",
    None,
    "Your card was declined. This transaction requires authentication.",
)


def decline_of(code: str) -> Decline:
    """Of a decline code; ValueError for one that the sandbox doesn't know."""
    known = _KNOWN | {"authentication_required": AUTHENTICATION_REQUIRED}
    if code not in known:
        raise ValueError(f"decline must be one of {', '.join(sorted(known))}")
    return known[code]


@dataclass(slots=True)
class Refusals:
    """Declines ordered in advance, by the id of what is to be charged. `times` None: from now on."""

    _ordered: dict[str, tuple[Decline, int | None]] = field(default_factory=dict)

    def order(self, object_id: str, decline: Decline, times: int | None) -> None:
        self._ordered[object_id] = decline, times

    def clear(self, object_id: str) -> None:
        self._ordered.pop(object_id, None)

    def waiting(self, object_id: str) -> tuple[Decline, int | None] | None:
        return self._ordered.get(object_id)

    def take(self, object_id: str) -> Decline | None:
        """The decline that the next charge meets, used up once."""
        decline, times = self._ordered.get(object_id, (None, None))
        if decline is not None and times is not None:
            if times > 1:
                self._ordered[object_id] = decline, times - 1
            else:
                del self._ordered[object_id]
        return decline


def card_of(number: str, *, livemode: bool) -> TestCard:
    """The test card of a typed number, blanks allowed; StripeError 402 for anything else."""
    digits = "".join(number.split())
    if digits in CARDS:
        return CARDS[digits]
    if not digits.isdecimal() or not 12 <= len(digits) <= 19 or not _luhn(digits):
        raise card_error(
            Decline("incorrect_number", "incorrect_number", None, "Your card number is incorrect.")
        )
    mode = "live" if livemode else "test"
    code = "generic_decline" if livemode else "test_mode_live_card"
    message = (
        f"Your card was declined. Your request was in {mode} mode, but used a non test card. "
        "For a list of valid test cards, visit: https://stripe.com/docs/testing."
    )
    raise card_error(Decline("card_declined", code, None, message))


def card_error(decline: Decline) -> StripeError:
    return StripeError(
        402,
        "card_error",
        decline.message,
        code=decline.code,
        decline_code=decline.decline_code,
        advice_code=decline.advice_code,
    )


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
