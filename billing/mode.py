"""Stripe's two modes: what was tried out in test mode counts for nothing once the partner is live (R26)."""

from storage.models import Partner


def is_over(partner: Partner, *, live: bool) -> bool:
    """Whether something made in this mode was only a test, and the partner takes real payments now."""
    return partner.stripe_live and not live
