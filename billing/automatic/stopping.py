"""Auto top-up ends: by a person's tap, or by itself: a debt, a dispute (R29), a new owner (R34), a closed workspace (R37)."""

from billing import notices
from billing.automatic import needs
from billing.call import Call
from storage import automatic, catalogue, people
from storage.models import AutoTopUp, Workspace
from storage.transaction import Tx


def stop(tx: Tx, call: Call, workspace: Workspace, reason: str, *, drop_card: bool = False) -> bool:
    """Switch auto top-up off until the customer agrees to it anew; the workspace is locked.

    `reason`: a message key, kept with it. `drop_card`: the saved card goes too. Answers whether it was on; who
    calls tells the people.
    """
    if automatic.setting(tx, workspace.partner_id, workspace.id) is None:
        return False
    setting = automatic.lock_setting(tx, workspace.partner_id, workspace.id)
    was_on = setting.state != "off"
    if was_on:
        setting.state, setting.reason = "off", reason
    switch_off(setting)
    partner = catalogue.partner(tx, workspace.partner_id)
    assert partner is not None, "a workspace has a partner"
    needs.set_next(partner, workspace, setting, call.at)
    if drop_card:
        drop_cards(tx, call, workspace)
        setting.card_id = None
    return was_on


def switch_off(setting: AutoTopUp) -> None:
    """From now on nothing is charged, whatever page is still open: nobody agrees any more."""
    setting.state, setting.next_at = "off", None
    setting.agreed_at, setting.agreed_by = None, None


def tell_off(tx: Tx, call: Call, workspace: Workspace, *, was_on: bool, card_gone: bool) -> None:
    """Somebody switched it off or removed the card: the others who look after the money learn who (R36)."""
    if not (was_on or card_gone):
        return
    person = people.person(tx, call.person_id) if call.person_id is not None else None
    params = {"by": person.name if person is not None else "", "was_on": was_on, "card_gone": card_gone}
    notices.tell_workspace(
        tx, call, workspace.partner_id, workspace.id, "auto_off", params, but=call.person_id
    )


def drop_cards(tx: Tx, call: Call, workspace: Workspace) -> None:
    """No card of the workspace is charged any more; a tick tells Stripe so."""
    for card in automatic.cards_of(tx, workspace.partner_id, workspace.id):
        card.removed_at = card.detach_at = call.at
