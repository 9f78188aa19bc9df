"""The tables. One module a subject; everything is importable from here."""

from storage.models.access import Invite, Member, PartnerAdmin, Person
from storage.models.automatic import AutoTopUp, CardSetup, SavedCard
from storage.models.base import Base, UtcDateTime
from storage.models.catalogue import Addon, AddonPrice, Limit, Pack, Plan, PlanAllowance, PointPrice
from storage.models.ledger import Posting, Wallet
from storage.models.messages import Chat, FsmState, Lease, OutboxMessage, TelegramUpdate
from storage.models.partner import AuditEntry, BillingSwitch, Counter, Partner
from storage.models.payments import TEST_OVER, Order, OrderStatus, StripeCustomer, StripeEvent
from storage.models.refunds import Dispute, Refund, RefundRequest
from storage.models.subscriptions import PlanChange, PlanCheckout, PlanPrice, PlanRequest, Subscription
from storage.models.workspace import (
    AddonChange,
    AddonState,
    Delivery,
    Override,
    PurchaseIntent,
    RemovalRequest,
    Usage,
    Workspace,
    WorkspaceCycle,
)

__all__ = [
    "TEST_OVER",
    "Addon",
    "AddonChange",
    "AddonPrice",
    "AddonState",
    "AuditEntry",
    "AutoTopUp",
    "Base",
    "BillingSwitch",
    "CardSetup",
    "Chat",
    "Counter",
    "Delivery",
    "Dispute",
    "FsmState",
    "Invite",
    "Lease",
    "Limit",
    "Member",
    "Order",
    "OrderStatus",
    "OutboxMessage",
    "Override",
    "Pack",
    "Partner",
    "PartnerAdmin",
    "Person",
    "Plan",
    "PlanAllowance",
    "PlanChange",
    "PlanCheckout",
    "PlanPrice",
    "PlanRequest",
    "PointPrice",
    "Posting",
    "PurchaseIntent",
    "Refund",
    "RefundRequest",
    "RemovalRequest",
    "SavedCard",
    "StripeCustomer",
    "StripeEvent",
    "Subscription",
    "TelegramUpdate",
    "Usage",
    "UtcDateTime",
    "Wallet",
    "Workspace",
    "WorkspaceCycle",
]
