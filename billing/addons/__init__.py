"""Add-ons of a workspace: quote, change, undo, remembered purchases, requests to remove (R6-R13)."""

from billing.addons.changes import delivered, set_renews, set_units, set_units_from_desk
from billing.addons.making import UNDO_TIME, Changed, is_delivered
from billing.addons.offers import AddonOffer, Shop, is_selling, load_offers, shop, stripe_ready
from billing.addons.purchases import Completed, complete_purchases, forget_purchase, remember_purchase
from billing.addons.quotes import MOST_UNITS, Quote, quote, quote_from_desk
from billing.addons.removals import Kept, answer_request, request_removal, withdraw_request
from billing.addons.undoing import undo, undo_from_desk, undoable

__all__ = [
    "MOST_UNITS",
    "UNDO_TIME",
    "AddonOffer",
    "Changed",
    "Completed",
    "Kept",
    "Quote",
    "Shop",
    "answer_request",
    "complete_purchases",
    "delivered",
    "forget_purchase",
    "is_delivered",
    "is_selling",
    "load_offers",
    "quote",
    "quote_from_desk",
    "remember_purchase",
    "request_removal",
    "set_renews",
    "set_units",
    "set_units_from_desk",
    "shop",
    "stripe_ready",
    "undo",
    "undo_from_desk",
    "undoable",
    "withdraw_request",
]
