"""Saved cards: the page that saves one, what came of it, and cards that go (R17, R19). No network here."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billing import mode, notices
from billing.access import Role, locked_seat, seat
from billing.addons.offers import stripe_ready
from billing.automatic import needs
from billing.automatic.stopping import drop_cards, switch_off, tell_off
from billing.call import Call
from billing.errors import AutoTopUpError, GoneError, NotSellingError
from billing.gateway import Card, SessionFacts, SetupRequest, metadata_number
from billing.marks import is_marked
from storage import automatic, catalogue, outbox, people, workspaces
from storage.models import AutoTopUp, CardSetup, Order, Partner, SavedCard, Workspace
from storage.transaction import Tx

PAGE_LIFE = dt.timedelta(hours=23)
"""Below Stripe's day, so that the page ends before its idempotency key does."""
_LEFT = dt.timedelta(hours=1)
"""A page with less time left isn't offered again."""
_SLOWEST_LOOK = 60


@dataclass(frozen=True, slots=True)
class SetupTerms:
    """What a page that saves a card is made with besides its row."""

    customer: str
    live: bool
    return_url: Callable[[int], str]
    language: str
    consent: str
    build: Callable[[SetupRequest], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CardPage:
    """A committed page that saves a card. `status`: open, done, expired, failed."""

    id: int
    partner_id: int
    workspace_id: int
    status: str
    live: bool
    params: dict[str, Any]
    session_id: str | None
    url: str | None
    created_at: dt.datetime

    @property
    def key(self) -> str:
        """The page's own idempotency key."""
        return f"setup-{self.id}"


def open_page(
    tx: Tx,
    call: Call,
    workspace_id: int,
    terms: SetupTerms,
    chat_id: int | None,
    message_id: int | None,
) -> CardPage:
    """Commit a page that saves a card; the person's open one is answered again.

    Raises NotSellingError, AutoTopUpError ("pack": nothing was agreed to that a card would be for).
    """
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    partner = held.partner
    if not stripe_ready(partner) or terms.live != partner.stripe_live:
        raise NotSellingError
    setting = automatic.lock_setting(tx, partner.id, workspace_id)
    pack = needs.agreed_pack(tx, partner, setting)
    if pack is None:
        raise AutoTopUpError("pack")
    assert call.person_id is not None
    known = automatic.setup(tx, partner.id, call.id_for("setup"))
    if known is None:
        known = next(
            (
                row
                for row in automatic.open_setups(tx, partner.id, workspace_id)
                if row.person_id == call.person_id and row.live == terms.live and row.session_params
                if row.expires_at - call.at > _LEFT
            ),
            None,
        )
    if known is None:
        known = CardSetup(
            partner_id=partner.id,
            id=call.id_for("setup"),
            workspace_id=workspace_id,
            person_id=call.person_id,
            live=terms.live,
            status="open",
            created_at=call.at,
            expires_at=call.at + PAGE_LIFE,
            next_look_at=call.at + dt.timedelta(minutes=1),
        )
        known.session_params = terms.build(
            SetupRequest(
                known.id,
                call.bot_id,
                partner.id,
                workspace_id,
                terms.customer,
                pack.currency,
                known.expires_at,
                terms.return_url(known.id),
                terms.return_url(known.id),
                terms.language,
                terms.consent,
            )
        )
        tx.session.add(known)
    known.chat_id, known.message_id = chat_id, message_id
    tx.session.flush()
    return _page(known)


def expect_card(tx: Tx, call: Call, order: Order) -> None:
    """An order was paid on a page that saves the card: have the card looked up there."""
    if order.session_id is None or automatic.setup(tx, order.partner_id, order.id) is not None:
        return
    tx.session.add(
        CardSetup(
            partner_id=order.partner_id,
            id=order.id,
            workspace_id=order.workspace_id,
            person_id=order.person_id or 0,
            live=order.live,
            status="open",
            session_params={},
            session_id=order.session_id,
            created_at=call.at,
            expires_at=call.at + PAGE_LIFE,
            next_look_at=call.at,
        )
    )


def attach(tx: Tx, call: Call, partner_id: int, setup_id: int, facts: SessionFacts) -> CardPage:
    """The gateway made the page: keep its id and address."""
    row = automatic.lock_setup(tx, partner_id, setup_id)
    assert row is not None
    row.session_id, row.session_url = facts.id, facts.url
    row.next_look_at = call.at + dt.timedelta(seconds=5)
    return _page(row)


def refuse(tx: Tx, partner_id: int, setup_id: int) -> None:
    """The gateway would not make the page."""
    row = automatic.lock_setup(tx, partner_id, setup_id)
    if row is not None and row.status == "open" and row.session_id is None:
        row.status = "failed"


def page(tx: Tx, partner_id: int, setup_id: int) -> CardPage | None:
    """A page as it is stored; no right."""
    row = automatic.setup(tx, partner_id, setup_id)
    return _page(row) if row is not None else None


def page_for(tx: Tx, person_id: int, setup_id: int) -> CardPage:
    """A page for a member of its workspace. Raises GoneError, StrangerError."""
    row = automatic.find_setup(tx, setup_id)
    if row is None:
        raise GoneError
    seat(tx, person_id, row.workspace_id)
    return _page(row)


def page_of_session(tx: Tx, partner_id: int, session_id: str) -> CardPage | None:
    """The page of a session; None: it is none that saves a card."""
    row = automatic.setup_by_session(tx, partner_id, session_id)
    return _page(row) if row is not None else None


def settle_page(
    tx: Tx, call: Call, partner_id: int, setup_id: int, facts: SessionFacts, card: Card | None
) -> str:
    """Bring a page to what the gateway says, whoever brought the news, any number of times; its status.

    `card`: the one that was saved, as fetched just now. A page that is not known is rebuilt if it bears our mark.
    """
    known = automatic.setup(tx, partner_id, setup_id)
    workspace_id = known.workspace_id if known is not None else metadata_number(facts.metadata, "workspace")
    found = workspaces.lock(tx, workspace_id)
    row = automatic.lock_setup(tx, partner_id, setup_id)
    if row is None and is_marked(facts.metadata, call.bot_id, partner_id):
        row = _rebuilt(call, partner_id, setup_id, facts)
    if found is None or row is None or found[0].partner_id != partner_id:
        return "failed"
    if known is None:
        tx.session.add(row)
        tx.session.flush()
    if row.session_id is None:
        row.session_id, row.session_url = facts.id, facts.url
    if row.status != "open" or row.session_id != facts.id or facts.live != row.live:
        return row.status
    partner = catalogue.partner(tx, partner_id)
    assert partner is not None
    if mode.is_over(partner, live=row.live):
        return row.status
    if facts.status == "complete":
        row.status = "done" if card is not None else "failed"
        if card is not None:
            _keep(tx, call, found[0], row, card)
    elif facts.status == "expired":
        close_page(tx, call, row)
    row.looks += 1
    row.next_look_at = call.at + dt.timedelta(seconds=min(_SLOWEST_LOOK, 5 + 2 * row.looks))
    return row.status


def _rebuilt(call: Call, partner_id: int, setup_id: int, facts: SessionFacts) -> CardSetup:
    """The page of a restored backup; who opened it is not at the gateway."""
    return CardSetup(
        partner_id=partner_id,
        id=setup_id,
        workspace_id=metadata_number(facts.metadata, "workspace"),
        person_id=0,
        live=facts.live,
        status="open",
        session_params={},
        session_id=facts.id,
        session_url=facts.url,
        created_at=facts.created,
        expires_at=facts.created + PAGE_LIFE,
        next_look_at=call.at,
        looks=0,
    )


def close_page(tx: Tx, call: Call, row: CardSetup) -> None:
    """No card can be saved on the page any more; the row is locked."""
    row.status = "expired"
    if row.message_id is not None:
        _change_message(tx, call, row, "expired")


def _keep(tx: Tx, call: Call, workspace: Workspace, row: CardSetup, card: Card) -> None:
    """The card takes the place of any other, and switches on what was agreed to."""
    partner = catalogue.partner(tx, workspace.partner_id)
    assert partner is not None
    for other in automatic.cards_of(tx, partner.id, workspace.id):
        if other.payment_method != card.payment_method:
            other.removed_at = other.detach_at = call.at
    saved = automatic.card_by_method(tx, partner.id, card.payment_method)
    if saved is None:
        saved = SavedCard(partner_id=partner.id, id=row.id, payment_method=card.payment_method)
    saved.workspace_id, saved.live = workspace.id, row.live
    saved.saved_by, saved.saved_at = row.person_id or None, call.at
    saved.removed_at = saved.detach_at = saved.detached_at = None
    _show(saved, card)
    tx.session.add(saved)
    if workspace.closed_at is not None:
        saved.removed_at = saved.detach_at = call.at
        return
    setting = automatic.lock_setting(tx, partner.id, workspace.id)
    setting.card_id, setting.soft_declines = saved.id, 0
    agreed = setting.agreed_at is not None
    if agreed and setting.state in {"off", "suspended"}:
        setting.state, setting.reason = "on", ""
    needs.try_again(partner, workspace, setting, call.at)
    tx.session.flush()
    told = Call(call.at, f"card:{row.id}", call.bot_id)
    kind = "saved" if agreed else "kept"
    person = None
    if row.message_id is not None:
        _change_message(tx, told, row, kind)
        person = row.person_id
    notices.tell_workspace(
        tx,
        told,
        partner.id,
        workspace.id,
        "auto_card",
        {"news": kind, "card_id": saved.id, "on": setting.state == "on"},
        but=person,
    )


def _change_message(tx: Tx, call: Call, row: CardSetup, news: str) -> None:
    """The chat message with the link becomes the screen of auto top-up."""
    person = people.person(tx, row.person_id)
    chat_id = row.chat_id or (person.telegram_id if person is not None else None)
    if chat_id is None or person is None:
        return
    outbox.put(
        tx,
        bot_id=call.bot_id,
        id=Call(call.at, f"card:{row.id}", call.bot_id).id_for("card-page", chat_id, news),
        partner_id=row.partner_id,
        chat_id=chat_id,
        person_id=person.id,
        kind="auto_screen",
        params={"workspace_id": row.workspace_id, "news": news},
        created_at=call.at,
        due_at=call.at,
        edits_message_id=row.message_id,
    )


def show_at(tx: Tx, call: Call, setup_id: int, chat_id: int, message_id: int) -> None:
    """From now on this chat message changes with the page. Raises GoneError, StrangerError."""
    row = automatic.find_setup(tx, setup_id)
    if row is None:
        raise GoneError
    locked_seat(tx, call.person_id, row.workspace_id, Role.VIEWER)
    if row.person_id == call.person_id:
        row.chat_id, row.message_id = chat_id, message_id


def remove(tx: Tx, call: Call, workspace_id: int) -> None:
    """The customer takes the card away: nothing is charged from now on, and a tick tells Stripe to forget it.

    Removing what is gone changes nothing.
    """
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    setting = automatic.lock_setting(tx, held.partner.id, workspace_id)
    had_card = bool(automatic.cards_of(tx, held.partner.id, workspace_id))
    was_on = setting.state in {"on", "suspended"}
    drop_cards(tx, call, held.workspace)
    setting.card_id = None
    if was_on:
        switch_off(setting)
        setting.reason = ""
    needs.set_next(held.partner, held.workspace, setting, call.at)
    tell_off(tx, call, held.workspace, was_on=was_on, card_gone=had_card)


def detached(tx: Tx, call: Call, partner_id: int, card_id: int) -> None:
    """Stripe confirmed that a removed card can't be charged any more."""
    card = automatic.card(tx, partner_id, card_id)
    # Saved again meanwhile: the row stands for a card that is in use.
    if card is not None and card.removed_at is not None:
        card.detach_at, card.detached_at = None, call.at


def refreshed(tx: Tx, call: Call, partner_id: int, payment_method: str, card: Card | None) -> None:
    """A saved card is another by now (the bank renewed it), or (None) gone: taken away at Stripe's."""
    saved = automatic.card_by_method(tx, partner_id, payment_method)
    found = workspaces.lock(tx, saved.workspace_id) if saved is not None else None
    if saved is None or found is None or saved.removed_at is not None:
        return
    if card is not None:
        _show(saved, card)
        return
    partner = catalogue.partner(tx, partner_id)
    assert partner is not None
    setting = automatic.lock_setting(tx, partner_id, saved.workspace_id)
    lose(tx, call, partner, found[0], setting, saved)


def lose(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, setting: AutoTopUp, card: SavedCard
) -> None:
    """A card can't be charged any more, without anybody here having removed it; the workspace is locked."""
    card.removed_at = card.detached_at = call.at
    card.detach_at = None
    if setting.card_id != card.id:
        return
    setting.card_id = None
    if setting.state == "on":
        setting.state, setting.reason = "suspended", "card_gone"
        needs.set_next(partner, workspace, setting, call.at)
        told = Call(call.at, f"card-gone:{card.id}:{call.at.date()}", call.bot_id)
        notices.tell_workspace(
            tx, told, partner.id, workspace.id, "auto_suspended", {"reason": "card_gone", "order_id": None}
        )


def _show(saved: SavedCard, card: Card) -> None:
    saved.brand, saved.last4 = card.brand, card.last4
    saved.exp_month, saved.exp_year = card.exp_month, card.exp_year


def _page(row: CardSetup) -> CardPage:
    return CardPage(
        row.id,
        row.partner_id,
        row.workspace_id,
        row.status,
        row.live,
        row.session_params,
        row.session_id,
        row.session_url,
        row.created_at,
    )
