"""What a customer's buttons carry: ids and targets, never rights or steps (R13)."""

from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

Id = Annotated[int, Field(ge=0, lt=2**63)]
Page = Annotated[int, Field(ge=0, le=1_000_000)]
"""A number that a database can look up; a button with any other is a forged one and matches nothing."""
Hundredths = Annotated[int, Field(gt=-(2**62), lt=2**62)]


class Home(CallbackData, prefix="ch"):
    """A workspace's first screen; it is the one that /start opens from then on."""

    workspace: Id


class Workspaces(CallbackData, prefix="cw"):
    """The list of one's workspaces."""


class TopUp(CallbackData, prefix="ct"):
    workspace: Id


class AskExact(CallbackData, prefix="cx"):
    """Asks for a number of points, paid in this currency."""

    workspace: Id
    currency: str


class Pay(CallbackData, prefix="cp"):
    """A page to pay: a pack, or (no pack) hundredths of points in a currency."""

    workspace: Id
    pack_id: Id
    points: Hundredths = 0
    currency: str = ""


class PaySeveral(CallbackData, prefix="cpm"):
    """A page to pay several of a pack in one payment."""

    workspace: Id
    pack_id: Id
    packs: Id


class ShowOrder(CallbackData, prefix="co"):
    order: Id


class CancelOrder(CallbackData, prefix="coc"):
    order: Id


class Forget(CallbackData, prefix="cf"):
    """Calls a remembered purchase off (R12)."""

    workspace: Id
    addon: Id


class Addons(CallbackData, prefix="ca"):
    workspace: Id


class AddonCard(CallbackData, prefix="cac"):
    workspace: Id
    addon: Id


class AskUnits(CallbackData, prefix="can"):
    workspace: Id
    addon: Id


class QuoteUnits(CallbackData, prefix="caq"):
    """What getting to `units` would cost; changes nothing."""

    workspace: Id
    addon: Id
    units: Id


class SetUnits(CallbackData, prefix="cas"):
    """Gets to `units` at the sum that was shown, in hundredths (R11)."""

    workspace: Id
    addon: Id
    units: Id
    quoted: Hundredths
    over: bool = False
    """The second tap of one who was told that a limit would be exceeded (R23)."""


class UndoChange(CallbackData, prefix="cau"):
    workspace: Id
    addon: Id
    number: Id


class Renews(CallbackData, prefix="car"):
    workspace: Id
    addon: Id
    renews: bool
    over: bool = False
    """The second tap of one who was told that a limit would be exceeded (R23)."""


class RequestRemoval(CallbackData, prefix="cam"):
    workspace: Id
    addon: Id
    units: Id


class WithdrawRequest(CallbackData, prefix="caw"):
    workspace: Id
    addon: Id


class PayFor(CallbackData, prefix="cap"):
    """A page to pay for what is missing; the purchase is remembered.

    No pack: exact points in a currency; no currency either: all packs are shown.
    """

    workspace: Id
    addon: Id
    units: Id
    pack_id: Id = 0
    points: Hundredths = 0
    currency: str = ""


class PaySeveralFor(CallbackData, prefix="caz"):
    """As PayFor: several of a pack in one payment, and the purchase is remembered."""

    workspace: Id
    addon: Id
    units: Id
    pack_id: Id
    packs: Id


class History(CallbackData, prefix="cl"):
    """Rows numbered under `below`; None: the newest."""

    workspace: Id
    below: Id | None = None


class HistoryRow(CallbackData, prefix="clr"):
    workspace: Id
    number: Id


class Export(CallbackData, prefix="cle"):
    workspace: Id


class People(CallbackData, prefix="cm"):
    workspace: Id


class Member(CallbackData, prefix="cmm"):
    workspace: Id
    person: Id


class ChooseInvite(CallbackData, prefix="cmi"):
    workspace: Id


class Invite(CallbackData, prefix="cmj"):
    workspace: Id
    role: str


class SetRole(CallbackData, prefix="cms"):
    workspace: Id
    person: Id
    role: str


class Remove(CallbackData, prefix="cmr"):
    """Takes somebody's access, or leaves; `sure` is the second tap."""

    workspace: Id
    person: Id
    sure: bool = False


class HandOver(CallbackData, prefix="cmh"):
    workspace: Id
    person: Id
    sure: bool = False


class About(CallbackData, prefix="cb"):
    """help, privacy or paysupport."""

    page: str


class AutoTopUp(CallbackData, prefix="cat"):
    """The screen of auto top-up (R19)."""

    workspace: Id


class Keep(CallbackData, prefix="ck"):
    """What is kept first when points don't cover a renewal (R15)."""

    workspace: Id


class SetKeep(CallbackData, prefix="cks"):
    """Gives an add-on its place in keep-order, counted from 0; the others keep their order."""

    workspace: Id
    addon: Id
    place: Id


class ResetKeep(CallbackData, prefix="ckr"):
    """Back to the default keep-order."""

    workspace: Id


class More(CallbackData, prefix="cmo"):
    """What a workspace's first screen has no room for."""

    workspace: Id


class Closing(CallbackData, prefix="cz"):
    """What closing the workspace means."""

    workspace: Id


class SetClosed(CallbackData, prefix="czs"):
    """Closes the workspace, or opens it again."""

    workspace: Id
    closed: bool


class Preferences(CallbackData, prefix="cn"):
    """Language and notices: one's own, whatever the workspace."""


class SetTopic(CallbackData, prefix="cnt"):
    """Wants to be told of a topic, or not."""

    topic: str
    on: bool


class SetQuiet(CallbackData, prefix="cnq"):
    """Quiet from one hour of the day to another; the same twice: never."""

    start: int
    end: int


class AskQuiet(CallbackData, prefix="cna"):
    """Asks for other quiet hours."""


class Payments(CallbackData, prefix="cyl"):
    """The workspace's payments; 0: the newest page."""

    workspace: Id
    page: Page = 0


class Payment(CallbackData, prefix="cy"):
    """A payment, in the help with payments."""

    order: Id


class AskRefund(CallbackData, prefix="cyr"):
    """Ask why a payment should come back; `sent`: without a reason."""

    order: Id
    sent: bool = False


class BuyMix(CallbackData, prefix="crm"):
    """Gets several add-ons to their units, at the sum that was shown for all of them (R22)."""

    workspace: Id
    wanted: str
    """3x2-4x30: add-on 3 to 2 units, 4 to 30."""
    quoted: Hundredths


class ForgetAll(CallbackData, prefix="cfa"):
    """Calls every remembered purchase off (R12)."""

    workspace: Id


class CheckUsage(CallbackData, prefix="crc"):
    """Asks the host platform what is used now (R22)."""

    workspace: Id


class Plan(CallbackData, prefix="cpl"):
    """The workspace's plan and the others on sale (R25)."""

    workspace: Id


class PlanOption(CallbackData, prefix="cpo"):
    """One plan beside the workspace's own; an owner is shown what moving to it costs."""

    workspace: Id
    plan: Id


class Subscribe(CallbackData, prefix="cps"):
    """A page on which the first subscription is bought."""

    workspace: Id
    plan: Id
    over: bool = False
    """The second tap of one who was told that what is used doesn't fit (R23)."""


class ChangePlan(CallbackData, prefix="cpg"):
    """Moves the running subscription at the sum that was shown (R11)."""

    workspace: Id
    plan: Id
    due: Annotated[int, Field(gt=-(2**40), lt=2**40)]
    """Minor units now; below zero credit."""
    as_of: Annotated[int, Field(ge=0, lt=2**33)]
    """The second that the sum was computed for."""
    over: bool = False


class PlanPage(CallbackData, prefix="cpp"):
    page: Id


class CancelPlanPage(CallbackData, prefix="cpx"):
    page: Id


class PayPlan(CallbackData, prefix="cpy"):
    """A link to Stripe's page of the open invoice, made when pressed."""

    workspace: Id


class EndPlan(CallbackData, prefix="cpe"):
    """Ends the subscription with its period; `sure` is the second tap."""

    workspace: Id
    sure: bool = False


class KeepPlan(CallbackData, prefix="cpk"):
    """It goes on after all."""

    workspace: Id


class AskPlan(CallbackData, prefix="cpa"):
    """Asks the partner for a plan that isn't sold by subscription."""

    workspace: Id
    plan: Id


class WithdrawPlan(CallbackData, prefix="cpw"):
    workspace: Id
