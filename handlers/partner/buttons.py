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


class DropPointPrice(CallbackData, prefix="ped"):
    currency: str


class Settings(CallbackData, prefix="ps"):
    """The partner's switches."""


class TypeName(CallbackData, prefix="psn"):
    """Ask for the partner's name."""


class CustomersMayRemove(CallbackData, prefix="psr"):
    may: bool


class ChargeRemovalDate(CallbackData, prefix="psd"):
    on: bool


class Audit(CallbackData, prefix="pg"):
    id: Id = 0
    """A workspace, or 0 for all."""
    page: Page = 0
