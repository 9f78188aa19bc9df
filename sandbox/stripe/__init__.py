"""A local Stripe: real enough that the real SDK can't tell, strict where Stripe is strict."""

from sandbox.stripe.accounts import API_VERSION, Account
from sandbox.stripe.delivery import signature
from sandbox.stripe.sim import Return
from sandbox.stripe.standin import StripeStandIn

__all__ = ["API_VERSION", "Account", "Return", "StripeStandIn", "signature"]
