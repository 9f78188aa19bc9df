"""What a customer's buttons carry: ids and targets, never rights or steps (R13)."""

from aiogram.filters.callback_data import CallbackData


class Home(CallbackData, prefix="ch"):
    """A workspace's first screen; it is the one that /start opens from then on."""

    workspace: int


class Workspaces(CallbackData, prefix="cw"):
    """The list of one's workspaces."""


class TopUp(CallbackData, prefix="ct"):
    workspace: int


class AskExact(CallbackData, prefix="cx"):
    """Asks for a number of points, paid in this currency."""

    workspace: int
    currency: str


class Pay(CallbackData, prefix="cp"):
    """A page to pay: a pack, or (no pack) hundredths of points in a currency."""

    workspace: int
    pack_id: int
    points: int = 0
    currency: str = ""


class ShowOrder(CallbackData, prefix="co"):
    order: int


class CancelOrder(CallbackData, prefix="coc"):
    order: int


class Forget(CallbackData, prefix="cf"):
    """Calls a remembered purchase off (R12)."""

    workspace: int
    addon: int


class Addons(CallbackData, prefix="ca"):
    workspace: int


class AddonCard(CallbackData, prefix="cac"):
    workspace: int
    addon: int


class AskUnits(CallbackData, prefix="can"):
    workspace: int
    addon: int


class QuoteUnits(CallbackData, prefix="caq"):
    """What getting to `units` would cost; changes nothing."""

    workspace: int
    addon: int
    units: int


class SetUnits(CallbackData, prefix="cas"):
    """Gets to `units` at the sum that was shown, in hundredths (R11)."""

    workspace: int
    addon: int
    units: int
    quoted: int
    over: bool = False
    """The second tap of one who was told that a limit would be exceeded (R23)."""


class UndoChange(CallbackData, prefix="cau"):
    workspace: int
    addon: int
    number: int


class Renews(CallbackData, prefix="car"):
    workspace: int
    addon: int
    renews: bool


class RequestRemoval(CallbackData, prefix="cam"):
    workspace: int
    addon: int
    units: int


class WithdrawRequest(CallbackData, prefix="caw"):
    workspace: int
    addon: int


class PayFor(CallbackData, prefix="cap"):
    """A page to pay for what is missing; the purchase is remembered.

    No pack: exact points in a currency; no currency either: all packs are shown.
    """

    workspace: int
    addon: int
    units: int
    pack_id: int = 0
    points: int = 0
    currency: str = ""


class History(CallbackData, prefix="cl"):
    """Rows numbered under `below`; None: the newest."""

    workspace: int
    below: int | None = None


class HistoryRow(CallbackData, prefix="clr"):
    workspace: int
    number: int


class Export(CallbackData, prefix="cle"):
    workspace: int


class People(CallbackData, prefix="cm"):
    workspace: int


class Member(CallbackData, prefix="cmm"):
    workspace: int
    person: int


class ChooseInvite(CallbackData, prefix="cmi"):
    workspace: int


class Invite(CallbackData, prefix="cmj"):
    workspace: int
    role: str


class SetRole(CallbackData, prefix="cms"):
    workspace: int
    person: int
    role: str


class Remove(CallbackData, prefix="cmr"):
    """Takes somebody's access, or leaves; `sure` is the second tap."""

    workspace: int
    person: int
    sure: bool = False


class HandOver(CallbackData, prefix="cmh"):
    workspace: int
    person: int
    sure: bool = False


class About(CallbackData, prefix="cb"):
    """help, privacy or paysupport."""

    page: str
