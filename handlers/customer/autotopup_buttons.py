"""What the buttons of auto top-up carry (R13); the way in is buttons.AutoTopUp."""

from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from handlers.customer.buttons import Id

Minor = Annotated[int, Field(ge=-1, lt=2**40)]
"""Minor units of the pack's currency. 0: no limit; -1: what is proposed."""
Way = Literal["on", "ask", "card", "pay"]
"""What agreeing leads to: on at once, asked first, a page that saves a card, a page that pays and saves one."""


class ChoosePack(CallbackData, prefix="tap"):
    workspace: Id


class ReadConsent(CallbackData, prefix="tac"):
    """What agreeing to a pack means; changes nothing."""

    workspace: Id
    pack_id: Id
    cap: Minor = -1


class Agree(CallbackData, prefix="tag"):
    """Agrees to the pack and the cap that were shown."""

    workspace: Id
    pack_id: Id
    cap: Minor
    way: Way


class TurnOff(CallbackData, prefix="tao"):
    workspace: Id


class AskFirst(CallbackData, prefix="taq"):
    workspace: Id


class ChooseLimit(CallbackData, prefix="tal"):
    """`pack_id`: of a consent that is still being read; 0: of the one that was given."""

    workspace: Id
    pack_id: Id = 0


class SetLimit(CallbackData, prefix="tas"):
    workspace: Id
    cap: Minor


class ChooseLow(CallbackData, prefix="tat"):
    workspace: Id


class SetLow(CallbackData, prefix="taw"):
    """Hundredths of points below which a pack is bought, too; 0: never."""

    workspace: Id
    points: Id


class AskLimit(CallbackData, prefix="taj"):
    """Asks for another limit. `pack_id`: as ChooseLimit has it."""

    workspace: Id
    pack_id: Id = 0


class AskLow(CallbackData, prefix="tak"):
    """Asks for another low balance."""

    workspace: Id


class CardScreen(CallbackData, prefix="tad"):
    workspace: Id


class SaveCard(CallbackData, prefix="tav"):
    """A page on which another card is saved."""

    workspace: Id


class RemoveCard(CallbackData, prefix="tar"):
    workspace: Id


class ChargeNow(CallbackData, prefix="tah"):
    """Charges what is needed now: the button of "ask me first"."""

    workspace: Id


class PayPacks(CallbackData, prefix="tab"):
    """A page to pay some packs, where there is no card to charge."""

    workspace: Id
    pack_id: Id
    packs: Id


class Recover(CallbackData, prefix="tae"):
    """A page on which a failed charge is made good; made when pressed."""

    order: Id
