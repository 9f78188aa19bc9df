"""What a customer's buttons carry: ids and targets, never rights or steps (R13)."""

from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

Id = Annotated[int, Field(ge=0, lt=2**63)]
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
