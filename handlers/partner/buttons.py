"""What the partner's buttons carry: ids and targets, never steps (R13) and never rights (R34)."""

from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

Id = Annotated[int, Field(ge=0, lt=2**63)]
Page = Annotated[int, Field(ge=0, le=1_000_000)]
Purpose = Literal["open", "points", "invite"]
"""What a workspace is chosen for."""

SEARCH_BYTES = 40
"""What a search may take of a button's 64 bytes."""


class Desk(CallbackData, prefix="pd"):
    """The desk."""


class ConnectStripe(CallbackData, prefix="pst"):
    """How Stripe gets connected."""


class MoveAccount(CallbackData, prefix="pma"):
    """From now on the books are about the Stripe account that the key opens."""

    code: str
    """The account's id, as it was shown."""
    sure: bool


class CreditBilling(CallbackData, prefix="pcb"):
    on: bool
    settings: bool
    """Back to the settings, not the desk."""


class MakeStarterPacks(CallbackData, prefix="psk"):
    """Three packs to begin with."""

    desk: bool
    """Back to the desk, not to the packs."""


class SuggestPrices(CallbackData, prefix="psg"):
    """Prices for what has none."""

    desk: bool
    """Back to the desk, not to the prices."""


class SaveSuggestedPrices(CallbackData, prefix="psv"):
    desk: bool
    total: Id
    """The sum of those shown, hundredths: others are not saved (R32)."""


class Workspaces(CallbackData, prefix="pl", sep="|"):
    """A page of workspaces, for what one of them is chosen, and what is searched for."""

    purpose: Purpose = "open"
    page: Page = 0
    text: str = ""


class SearchWorkspaces(CallbackData, prefix="plq"):
    purpose: Purpose


class NewWorkspace(CallbackData, prefix="pnw"):
    """Ask for a name."""


class NewPlan(CallbackData, prefix="pnp"):
    plan_id: Id


class NewZone(CallbackData, prefix="pnz"):
    zone: str


class NewRenewal(CallbackData, prefix="pnd"):
    day: str
    """ISO date."""


class WorkspaceCard(CallbackData, prefix="pw"):
    id: Id


class Points(CallbackData, prefix="pp"):
    """Ask how many points."""

    id: Id


class TakePoints(CallbackData, prefix="ppt"):
    """The second tap before a balance goes below zero (R31); hundredths, below zero."""

    id: Id
    amount: Annotated[int, Field(ge=-(2**63), lt=0)]
    debt: bool


class UndoPoints(CallbackData, prefix="ppu"):
    id: Id
    number: Id


class UndoIntoDebt(CallbackData, prefix="ppv"):
    """The second tap of one who was told that taking a gift back leaves the balance below zero (R31)."""

    id: Id
    number: Id


class Units(CallbackData, prefix="pa"):
    """The add-ons of a workspace."""

    id: Id


class UnitsOf(CallbackData, prefix="pax"):
    """How many units of one add-on."""

    id: Id
    addon_id: Id


class TypeUnits(CallbackData, prefix="pat"):
    id: Id
    addon_id: Id


class QuoteUnits(CallbackData, prefix="paq"):
    id: Id
    addon_id: Id
    units: Id


class SetUnits(CallbackData, prefix="pas"):
    id: Id
    addon_id: Id
    units: Id
    refund: bool
    quoted: int
    """Hundredths, below zero paid back (R11)."""
    over: bool = False
    """The second tap of one who was told that it pauses the workspace (R23)."""


class UndoUnits(CallbackData, prefix="pau"):
    id: Id
    addon_id: Id
    number: Id


class History(CallbackData, prefix="ph"):
    id: Id
    below: Id = 0
    """0: the newest."""


class HistoryRow(CallbackData, prefix="phr"):
    id: Id
    number: Id


class Pause(CallbackData, prefix="pz"):
    """Ask for a note before pausing."""

    id: Id


class SetPause(CallbackData, prefix="pzs"):
    id: Id
    paused: bool


class Requests(CallbackData, prefix="pr"):
    """Removals that wait."""


class AnswerRequest(CallbackData, prefix="pra"):
    id: Id
    addon_id: Id
    approve: bool
    over: bool = False
    """The second tap of one who was told that it pauses the workspace (R23)."""


class Usage(CallbackData, prefix="pu"):
    id: Id


class UsageOf(CallbackData, prefix="puo", sep="|"):
    id: Id
    code: str


class InviteTo(CallbackData, prefix="pi"):
    """With which role to invite into a workspace."""

    id: Id


class Invite(CallbackData, prefix="pin"):
    id: Id
    role: Literal["owner", "billing", "viewer"]


class ReplaceOwner(CallbackData, prefix="pio"):
    id: Id
    sure: bool


class DeskPeople(CallbackData, prefix="pp0"):
    """Who works at the desk."""


class InviteToDesk(CallbackData, prefix="ppi"):
    role: Literal["admin", "support", "owner"]


class RemoveAdmin(CallbackData, prefix="ppx"):
    person_id: Id
    sure: bool


class Prices(CallbackData, prefix="pc"):
    """The add-ons with their prices."""


class Price(CallbackData, prefix="pcc"):
    addon_id: Id


class TypePrice(CallbackData, prefix="pct"):
    addon_id: Id


class SavePrice(CallbackData, prefix="pcs"):
    addon_id: Id
    price: Id
    """Hundredths."""


class TypeCost(CallbackData, prefix="pcp"):
    """Ask what a unit costs the partner."""

    addon_id: Id


class TypeLabel(CallbackData, prefix="pcl"):
    addon_id: Id


class OnSale(CallbackData, prefix="pco"):
    addon_id: Id
    on: bool


class WholeCycles(CallbackData, prefix="pcw"):
    addon_id: Id
    on: bool


class Packs(CallbackData, prefix="pk"):
    """The packs on sale."""


class Pack(CallbackData, prefix="pkc"):
    id: Id


class TypePack(CallbackData, prefix="pkt"):
    """Ask for a new pack (0) or for other numbers of one."""

    id: Id


class PackPoints(CallbackData, prefix="pkp"):
    """Keep the points that the pack had."""

    points: Id


class PackBonus(CallbackData, prefix="pkb"):
    bonus: Id


class PackPrice(CallbackData, prefix="pka"):
    amount_minor: Id
    currency: str


class SavePack(CallbackData, prefix="pks"):
    """Save what was typed."""


class MovePack(CallbackData, prefix="pkm"):
    id: Id
    place: Page
    """From the top, 0 the first."""


class RetirePack(CallbackData, prefix="pkr"):
    id: Id
    sure: bool


class PointPrices(CallbackData, prefix="pe"):
    """What one point costs."""


class TypePointPrice(CallbackData, prefix="pet"):
    """Ask for a price and its currency."""


class SavePointPrice(CallbackData, prefix="pes"):
    """Save what was typed."""


class TypeLeastPurchase(CallbackData, prefix="pem"):
    """Ask for the least that an exact purchase costs."""

    currency: str


class LeastPurchase(CallbackData, prefix="pel"):
    """Stripe's own minimum (0), or the amount that it was."""

    amount_minor: Id


class DropPointPrice(CallbackData, prefix="ped"):
    currency: str


class Settings(CallbackData, prefix="ps"):
    """The partner's switches."""


class TypeName(CallbackData, prefix="psn"):
    """Ask for the partner's name."""


class CustomersMayRemove(CallbackData, prefix="psr"):
    may: bool


class Invoices(CallbackData, prefix="pin0"):
    """What payment pages make out."""


class SetInvoicing(CallbackData, prefix="pinv"):
    what: Literal["off", "invoices", "tax"]


class ChargeRemovalDate(CallbackData, prefix="psd"):
    on: bool


class Audit(CallbackData, prefix="pg"):
    id: Id = 0
    """A workspace, or 0 for all."""
    page: Page = 0


class Dates(CallbackData, prefix="pwd"):
    """When a workspace renews and where its days begin."""

    id: Id


class TypeRenewal(CallbackData, prefix="pwr"):
    id: Id


class SetRenewal(CallbackData, prefix="pws"):
    id: Id
    day: str
    """ISO date: the new anchor."""


class TypeZone(CallbackData, prefix="pwz"):
    id: Id


class SetZone(CallbackData, prefix="pwt", sep="|"):
    id: Id
    zone: str


class TypeDays(CallbackData, prefix="psy"):
    """Asks for one of the settings that count days or hours."""

    what: Literal["grace", "lead", "notice"]


class Payments(CallbackData, prefix="pfl"):
    """A workspace's payments; 0: the newest page."""

    id: Id
    page: Page = 0


class Refund(CallbackData, prefix="pf"):
    """What of a payment can go back."""

    order: Id


class TypeRefund(CallbackData, prefix="pft"):
    """Ask for another amount."""

    order: Id


class QuoteRefund(CallbackData, prefix="pfq"):
    """What refunding that much would do; changes nothing."""

    order: Id
    amount_minor: Id


class MakeRefund(CallbackData, prefix="pfm"):
    """Refund that much, if what was left when it was shown is still left."""

    order: Id
    amount_minor: Id
    left_minor: Id


class DeclineRefund(CallbackData, prefix="pfd"):
    """Ask for a note to the customer who wants a payment back."""

    request: Id
    order: Id


class DeclineWithoutNote(CallbackData, prefix="pfn"):
    request: Id


class Limits(CallbackData, prefix="pm"):
    """Everything that plans and add-ons grant."""


class LimitCard(CallbackData, prefix="pmc", sep="|"):
    code: str


class NewLimit(CallbackData, prefix="pmn"):
    """Ask what is limited."""


class NewLimitKind(CallbackData, prefix="pmk"):
    kind: Literal["counted", "per_cycle", "granted"]


class RenameLimit(CallbackData, prefix="pmr", sep="|"):
    code: str


class SellLimit(CallbackData, prefix="pms", sep="|"):
    """Ask how much one unit of a new add-on gives."""

    code: str


class Plans(CallbackData, prefix="pt"):
    """The plans."""


class Plan(CallbackData, prefix="ptc"):
    id: Id


class TypePlanName(CallbackData, prefix="ptn"):
    """Ask for a plan's name; 0: of a new one."""

    id: Id


class SellPlan(CallbackData, prefix="pto"):
    id: Id
    on: bool


class MovePlan(CallbackData, prefix="ptm"):
    id: Id
    place: Page
    """From the top, 0 the first."""


class PlanPrice(CallbackData, prefix="ptp"):
    """How the plan is paid."""

    id: Id


class TypeShownPrice(CallbackData, prefix="pty"):
    id: Id


class HidePrice(CallbackData, prefix="pth"):
    id: Id


class TypeStripePrice(CallbackData, prefix="pts"):
    id: Id


class DropStripePrice(CallbackData, prefix="ptd"):
    id: Id
    sure: bool


class TypeAllowance(CallbackData, prefix="pta", sep="|"):
    id: Id
    code: str


class SaveAllowance(CallbackData, prefix="ptv", sep="|"):
    id: Id
    code: str
    value: Id


class Fallback(CallbackData, prefix="ptf"):
    """What an ended plan falls back to."""


class SetFallback(CallbackData, prefix="ptg"):
    id: Id
    """0: no plan."""


class WorkspacePlan(CallbackData, prefix="pv"):
    """The plan of a workspace."""

    id: Id


class PreviewPlan(CallbackData, prefix="pvp"):
    id: Id
    plan_id: Id
    """0: no plan."""


class SetPlan(CallbackData, prefix="pvs"):
    id: Id
    plan_id: Id
    over: bool = False
    """The second tap of one who was told that what is used doesn't fit (R23)."""
    after: bool = False
    """When the running subscription ends, which ends it with its period."""


class PlanRequests(CallbackData, prefix="pvr"):
    """Plans that are asked for."""


class DeclinePlan(CallbackData, prefix="pvd"):
    id: Id


class Allowances(CallbackData, prefix="pvo"):
    """What a workspace may use, and whence."""

    id: Id


class TypeOverride(CallbackData, prefix="pvt", sep="|"):
    id: Id
    code: str


class SetOverride(CallbackData, prefix="pvv", sep="|"):
    id: Id
    code: str
    value: Id
    over: bool


class ClearOverride(CallbackData, prefix="pvx", sep="|"):
    id: Id
    code: str
    over: bool


class Reopen(CallbackData, prefix="pzo"):
    """Opens a workspace again that its owner closed."""

    id: Id
