"""Orders: offered, placed, paid, waiting, failed, credited exactly once (R3, R12, R27, R28)."""

from billing.orders.choosing import Choice
from billing.orders.looking import OrderView, Remembered, TopUp, payer, topup, view
from billing.orders.offers import ExactOffer, Fitting, PackOffer, exact_price, fitting, price_per_point
from billing.orders.placing import (
    CUSTOMER_GONE,
    SESSION_LIFE,
    CheckoutTerms,
    Placed,
    attach,
    cancel,
    close_for_customer,
    closed,
    drop_test,
    place,
    refuse,
    show_at,
    supersede_recoveries,
)
from billing.orders.settling import credit, settle

__all__ = [
    "CUSTOMER_GONE",
    "SESSION_LIFE",
    "CheckoutTerms",
    "Choice",
    "ExactOffer",
    "Fitting",
    "OrderView",
    "PackOffer",
    "Placed",
    "Remembered",
    "TopUp",
    "attach",
    "cancel",
    "close_for_customer",
    "closed",
    "credit",
    "drop_test",
    "exact_price",
    "fitting",
    "payer",
    "place",
    "price_per_point",
    "refuse",
    "settle",
    "show_at",
    "supersede_recoveries",
    "topup",
    "view",
]
