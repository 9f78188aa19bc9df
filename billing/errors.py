"""Refusals that a person can understand or mend. `key` names the words in handlers/; anything else is a bug."""

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from billing.addons import Quote
    from billing.money import Money
    from billing.plans.moving import Fit
    from billing.plans.quotes import ChangeQuote


class BillingError(Exception):
    """A refusal. Nothing was charged and nothing was changed."""

    key: ClassVar[str] = "refused"


class CycleDueError(Exception):
    """A cycle has begun that was not worked off (R14): a reader can't write; work it off and read again."""

    def __init__(self, workspace_id: int) -> None:
        super().__init__(workspace_id)
        self.workspace_id = workspace_id


class StrangerError(BillingError):
    """Not a member, not any more, or of another workspace: told nothing about what is there (R34)."""

    key = "stranger"


class NotAllowedError(BillingError):
    """A member without the right. `who` may, by name."""

    key = "not_allowed"

    def __init__(self, right: str, who: tuple[str, ...]) -> None:
        super().__init__(right)
        self.right = right
        self.who = who


class GoneError(BillingError):
    """What the button meant is not there any more: a retired pack, an add-on off sale, an ended order."""

    key = "gone"


class InviteError(BillingError):
    """The link is unknown, used or expired; which one is told to nobody."""

    key = "invite"


class AlreadyMemberError(BillingError):
    """The link was opened by somebody who has that role or a higher one; it stays unused."""

    key = "already_member"

    def __init__(self, workspace_id: int | None) -> None:
        super().__init__(workspace_id)
        self.workspace_id = workspace_id


class LastOwnerError(BillingError):
    """The last owner can only hand over (R34)."""

    key = "last_owner"


class ClosedError(BillingError):
    """The workspace is closed; looking stays possible."""

    key = "closed"


class NotSellingError(BillingError):
    """Credit billing is off, Stripe is not connected, or not in live mode (R26)."""

    key = "not_selling"


class PaymentsDownError(BillingError):
    """Stripe can't be reached or refuses the key; the order is closed or tried again."""

    key = "payments_down"


class BooksBehindError(PaymentsDownError):
    """A restored backup: nothing is charged before `addondesk reconcile` has fetched what happened since."""

    key = "books_behind"


class TaxRefusedError(PaymentsDownError):
    """Stripe can't work out the tax that the partner wants on invoices: the partner has to set it up (R30)."""

    key = "tax_refused"


class AmountError(BillingError):
    """An amount Stripe would not take: too small or too large in its currency (R3)."""

    key = "amount"

    def __init__(self, minimum_minor: int, maximum_minor: int, currency: str) -> None:
        super().__init__(f"{minimum_minor}..{maximum_minor} {currency}")
        self.minimum_minor = minimum_minor
        self.maximum_minor = maximum_minor
        self.currency = currency


class QuoteChangedError(BillingError):
    """The confirmed sum no longer holds; nothing is charged and `quote` is the new one (R11)."""

    key = "quote_changed"

    def __init__(self, quote: "Quote") -> None:
        super().__init__(quote.amount)
        self.quote = quote


class NotEnoughPointsError(BillingError):
    """`quote.missing` says how many (R12)."""

    key = "not_enough"

    def __init__(self, quote: "Quote") -> None:
        super().__init__(quote.missing)
        self.quote = quote


class OverLimitError(BillingError):
    """The change would go over a limit and wants a second tap (R23)."""

    key = "over_limit"

    def __init__(self, quote: "Quote") -> None:
        super().__init__(quote.over)
        self.quote = quote


class UndoOverError(BillingError):
    """Ten minutes are over, or something came after (R9)."""

    key = "undo_over"


class BelowZeroError(BillingError):
    """Taking that much leaves a debt; wants to be asked for twice (R31). Hundredths."""

    key = "below_zero"

    def __init__(self, balance: int, amount: int) -> None:
        super().__init__(balance + amount)
        self.balance = balance
        self.amount = amount


class BadValueError(BillingError):
    """Something typed can't be used. `field` names it, `value` is what was typed."""

    key = "bad_value"

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"{field}: {value[:64]}")
        self.field = field
        self.value = value


class TooLongError(BadValueError):
    """Typed text that would have to be cut; `most` characters are kept."""

    def __init__(self, value: str, most: int) -> None:
        super().__init__("length", value)
        self.most = most


class NotRefundableError(BillingError):
    """That can't be refunded from here. `reason`: amount, nothing (is left), disputed, mode, gone (Stripe doesn't
    know the payment), disconnected. `left` where it is known.
    """

    key = "not_refundable"

    def __init__(self, reason: str, left: "Money | None" = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.left = left


class RefundChangedError(BillingError):
    """Something of the payment went back since the sum was shown; `left` is what can go back now."""

    key = "refund_changed"

    def __init__(self, left: "Money") -> None:
        super().__init__(left.amount_minor)
        self.left = left


class AutoTopUpError(BillingError):
    """Auto top-up can't do this now. `reason`: debt, charging, recovering, not_needed, cap; `cap`: of a month, in its way."""

    key = "auto_topup"

    def __init__(self, reason: str, cap: "Money | None" = None) -> None:
        super().__init__(reason)
        self.reason, self.cap = reason, cap


class PlanOverLimitError(BillingError):
    """What the workspace uses doesn't fit; wants a second tap (R23). `over`: the limits that it would exceed."""

    key = "plan_over_limit"

    def __init__(self, over: "tuple[Fit, ...]") -> None:
        super().__init__(len(over))
        self.over = over


class SubscriptionRunsError(BillingError):
    """A subscription pays for the workspace's plan: it is changed or ended, not set beside (R25)."""

    key = "subscription_runs"


class NoSubscriptionError(BillingError):
    """No subscription runs that could be changed, kept or ended."""

    key = "no_subscription"


class ChangeRunsError(BillingError):
    """Another change of the plan is under way."""

    key = "change_runs"


class PlanQuoteChangedError(BillingError):
    """The confirmed sum no longer holds; nothing is charged and `quote` is the new one (R11)."""

    key = "plan_quote_changed"

    def __init__(self, quote: "ChangeQuote") -> None:
        super().__init__(quote.due_now)
        self.quote = quote


class MixChangedError(BillingError):
    """What several add-ons cost together is not what was shown any more; nothing is charged (R11)."""

    key = "mix_changed"

    def __init__(self, amount: int) -> None:
        super().__init__(amount)
        self.amount = amount


class MixShortError(BillingError):
    """`missing` hundredths of points for all of several add-ons; none is bought (R12)."""

    key = "mix_short"

    def __init__(self, missing: int) -> None:
        super().__init__(missing)
        self.missing = missing
