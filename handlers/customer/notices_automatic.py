"""Notices about auto top-up: kinds and parameters as billing.automatic queues them (R18)."""

import datetime as dt

from billing import orders, workspaces
from billing.addons import Completed
from billing.automatic import agreement
from billing.automatic.agreement import AutoTopUpView
from billing.call import Call
from billing.errors import BillingError, CycleDueError
from billing.money import Money
from handlers.customer import autotopup_buttons as auto
from handlers.customer import buttons
from handlers.customer.autotopup_view import autotopup_view, card_name, news_words, reason, recover_row
from handlers.customer.orders import order_name
from handlers.customer.phrases import look_again, outcomes, points
from handlers.customer.telling import Params, Rows, opens
from handlers.notices import Reader, Writer
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage.models import OrderStatus


async def _facts(services: Services, reader: Reader, params: Params) -> AutoTopUpView | None:
    """The screen's facts, while the reader is a member."""
    now: dt.datetime = services.clock.now()
    asked = (reader.person_id, params["workspace_id"], now)
    try:
        return await services.db.read(agreement.autotopup, *asked)
    except CycleDueError:
        call = Call(now, f"notice:{params['workspace_id']}:{now.isoformat()}", services.bot_id)
        await services.db.write(workspaces.catch_up, call, params["workspace_id"])
        return await services.db.read(agreement.autotopup, *asked)
    except BillingError:
        return None


async def auto_screen(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The message with the link to Stripe's page becomes what came of it."""
    facts = await _facts(services, reader, params)
    return autotopup_view(reader.t, facts, news_words(reader.t, params["news"])) if facts else None


async def auto_card(services: Services, reader: Reader, params: Params) -> Screen | None:
    """A card was saved, by somebody or on a page that was paid."""
    t, facts = reader.t, await _facts(services, reader, params)
    if facts is None or facts.card is None:
        return None
    saved = t("Card saved: {card}.", card=card_name(t, facts.card))
    on = t("Auto top-up is on.") if params["on"] else None
    return _told(t, facts, saved, on)


async def auto_paid(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The card was charged, and what the points did."""
    t, facts = reader.t, await _facts(services, reader, params)
    if facts is None:
        return None
    view, _ = await services.db.read(orders.view, reader.person_id, params["order_id"])
    bought = [Completed(*each) for each in params["bought"]]
    return _told(
        t,
        facts,
        t("Auto top-up bought {what}.", what=order_name(t, view)),
        *outcomes(t, bought, params["renewed"]),
        t("You have {points}.", points=points(t, facts.balance)),
        *_still_missing(t, facts),
        rows=[*look_again(t, view.workspace_id, bought), *(_ways_on(t, facts) or [])],
    )


def _missing(facts: AutoTopUpView) -> int:
    """Hundredths that the next renewal still lacks, as far as the card was to pay it."""
    return max(0, facts.next.cost - facts.balance) if facts.next is not None else 0


def _still_missing(t: Tongue, facts: AutoTopUpView) -> list[str]:
    if not _missing(facts):
        return []
    line = t("⚠ {points} are still missing for the renewal.", points=points(t, _missing(facts)))
    if facts.next is not None and facts.next.over_cap:
        return [line, t("Your limit for the month is used up, so the card isn't charged for it.")]
    return [line]


def _ways_on(t: Tongue, facts: AutoTopUpView) -> Rows | None:
    if not _missing(facts):
        return None
    ws = facts.workspace_id
    return [
        [button(t("Top up"), buttons.TopUp(workspace=ws), "success")],
        [
            button(t("Limit"), auto.ChooseLimit(workspace=ws)),
            button(t("Auto top-up"), buttons.AutoTopUp(workspace=ws)),
        ],
        opens(t, ws),
    ]


async def auto_failed(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The first failure, why, and what mends it."""
    t, facts = reader.t, await _facts(services, reader, params)
    if facts is None:
        return None
    _, last = await services.db.read(agreement.charge_of, reader.person_id, params["order_id"])
    if last.status != OrderStatus.FAILED or last.recovered:
        return None
    again = None
    if facts.next is not None and facts.state == "on":
        again = t("Unless you do something, the card is tried again: {when}.", when=t.when(facts.next.at))
    return _told(
        t,
        facts,
        t("⚠ Auto top-up couldn't charge {price}.", price=t.money(last.price)),
        f"{reason(t, last.reason)} {t('Nothing was charged.')}",
        again,
        rows=[recover_row(t, last), [button(t("Other card"), auto.SaveCard(workspace=facts.workspace_id))]],
    )


async def auto_suspended(services: Services, reader: Reader, params: Params) -> Screen | None:
    """Nothing more is tried."""
    t, facts = reader.t, await _facts(services, reader, params)
    if facts is None or facts.state != "suspended":
        return None
    pay = []
    if params["order_id"] is not None:
        _, last = await services.db.read(agreement.charge_of, reader.person_id, params["order_id"])
        pay = recover_row(t, last)
    return _told(
        t,
        facts,
        f"⚠ {t('Auto top-up has stopped.')} {reason(t, params['reason'])}",
        t("Nothing more is tried until you turn it on again or save another card."),
        rows=[pay, [button(t("Other card"), auto.SaveCard(workspace=facts.workspace_id))]],
    )


async def auto_stopped(services: Services, reader: Reader, params: Params) -> Screen | None:
    """It was switched off, or waits for a new consent."""
    t, facts = reader.t, await _facts(services, reader, params)
    if facts is None:
        return None
    if params["reason"] != "pack":
        return _told(t, facts, f"{t('Auto top-up is off.')} {reason(t, params['reason'])}")
    choose = button(t("Choose a pack"), auto.ChoosePack(workspace=facts.workspace_id), "success")
    text = t("Auto top-up waits for you. Its pack isn't sold like this any more.")
    return _told(t, facts, text, rows=[[choose]])


async def auto_off(services: Services, reader: Reader, params: Params) -> Screen | None:
    """Somebody else has switched it off or removed the card."""
    t, facts = reader.t, await _facts(services, reader, params)
    if facts is None:
        return None
    name = h(params["by"]) if params["by"] else t("Somebody")
    if not params["card_gone"]:
        return _told(t, facts, t("{name} has switched auto top-up off.", name=name))
    removed = t("{name} has removed the saved card.", name=name)
    return _told(t, facts, removed, t("Auto top-up is off.") if params["was_on"] else None)


async def auto_ask(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The one button of "ask me first"."""
    t, facts = reader.t, await _facts(services, reader, params)
    if facts is None or facts.pack is None or facts.state != "ask":
        return None
    need = _why_asked(t, facts, params.get("low"))
    if need is None:
        return None
    ws, packs = facts.workspace_id, params["packs"]
    price = t.money(Money(facts.pack.price.amount_minor * packs, facts.pack.price.currency))
    if facts.card is not None:
        text = t("Charge {price} to ···· {last4}", price=price, last4=facts.card.last4)
        pay = button(text, auto.ChargeNow(workspace=ws), "success")
    else:
        target = auto.PayPacks(workspace=ws, pack_id=facts.pack.id, packs=packs)
        pay = button(t("Pay {price}", price=price), target, "success")
    return _told(t, facts, need, rows=[[pay]])


def _why_asked(t: Tongue, facts: AutoTopUpView, low: int | None) -> str | None:
    """None: it isn't so any more."""
    have = t.points(facts.balance)
    if low is not None:
        below = t("You have {points}, less than {low}.", points=have, low=points(t, low))
        return below if facts.balance < low else None
    if facts.next is None:
        return None
    cost = points(t, facts.next.cost)
    return t("Your add-ons renew for {cost}. You have {points}.", cost=cost, points=have)


def _told(t: Tongue, facts: AutoTopUpView, *lines: str | None, rows: Rows | None = None) -> Screen:
    more = button(t("Auto top-up"), buttons.AutoTopUp(workspace=facts.workspace_id))
    last = [more, *opens(t, facts.workspace_id)]
    return Screen.of(f"<b>{h(facts.workspace)}</b>", *lines, rows=[*(rows or []), last])


WRITERS: dict[str, Writer] = {
    "auto_screen": auto_screen,
    "auto_card": auto_card,
    "auto_paid": auto_paid,
    "auto_failed": auto_failed,
    "auto_suspended": auto_suspended,
    "auto_stopped": auto_stopped,
    "auto_off": auto_off,
    "auto_ask": auto_ask,
}
