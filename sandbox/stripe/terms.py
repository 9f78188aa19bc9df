"""What a Checkout Session was created with and its object doesn't show."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """Goes onto the PaymentIntent or SetupIntent that paying makes."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    setup_future_usage: str | None = None
    statement_descriptor: str | None = None
    statement_descriptor_suffix: str | None = None
    receipt_email: str | None = None
