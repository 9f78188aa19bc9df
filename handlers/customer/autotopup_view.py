"""Auto top-up on the screen (R19): what it does, what it did, what it will do."""

from aiogram.types import InlineKeyboardButton

from billing.access import Role
from billing.automatic.agreement import AutoTopUpView, LastCharge, SavedCardView
from billing.automatic.declines import CONFIRMATION
from billing.catalogue import PackCard
from handlers.customer import autotopup_buttons as auto
from handlers.customer.orders import decline
from handlers.customer.phrases import menu, points
from handlers.screens import Screen, button
from handlers.tongue import Tongue, h
from storage.models import TEST_OVER, OrderStatus

Rows = list[list[InlineKeyboardButton]]


def autotopup_view(t: Tongue, facts: AutoTopUpView, news: str | None = None) -> Screen:
    """Everything about it on one screen; `news`: what has just happened."""
    set_up = facts.pack is not None and (facts.state != "off" or facts.agreed)
    return Screen.of(
        news,
        f"<b>{t('Auto top-up')}</b>  {_state(t, facts)}",
        h(facts.workspace),
        _trouble(t, facts),
        *(
            _agreed_lines(t, facts)
            if set_up
            else [_what_it_is(t, facts.role)]
            if facts.state == "off"
            else []
        ),
        *_history_lines(t, facts),
        None if facts.selling else t("Buying is switched off at the moment."),
        rows=[*(_rows(t, facts) if facts.role >= Role.BILLING else []), [menu(t)]],
    )


def _state(t: Tongue, facts: AutoTopUpView) -> str:
    match facts.state:
        case "on":
            return f"● {t('on')}"
        case "ask":
            return f"◐ {t('asks you first')}"
        case "suspended":
            return f"⚠ {t('stopped')}"
        case _:
            return f"○ {t('off')}"


def _what_it_is(t: Tongue, role: Role) -> str:
    if role < Role.BILLING:
        return t(
            "Buys points by itself when they don't cover a renewal. Off until the owner or billing switches it on."
        )
    return t("Buys points by itself when they don't cover a renewal. Off until you switch it on.")


def _trouble(t: Tongue, facts: AutoTopUpView) -> str | None:
    if facts.state == "suspended":
        rest = t("Nothing more is tried until you turn it on again or save another card.")
        return f"{reason(t, facts.reason)} {rest}"
    if facts.pack is not None and not facts.pack_sold and facts.state != "off":
        return t("⚠ Your pack isn't sold like this any more. Nothing is bought until you choose one.")
    if facts.state == "off" and facts.reason:
        return reason(t, facts.reason)
    if facts.state == "off" and facts.agreed and facts.card is None:
        return t("A card is missing: it is on as soon as one is saved.")
    return None


def reason(t: Tongue, key: str) -> str:
    """Why it stopped, in plain words."""
    match key:
        case "card_gone":
            return t("The saved card isn't there any more.")
        case "debt":
            return t("Switched off, as the balance is below zero.")
        case "dispute":
            return t("Switched off, as a payment was disputed at the bank.")
        case "owner":
            return t("Switched off with the card, as the workspace has a new owner.")
        case "pack":
            return t("Your pack isn't sold like this any more.")
        case "closed":
            return t("Switched off, as the workspace is closed.")
        case _ if key == TEST_OVER:
            return t("Switched off with the test card, as the test is over.")
        case "amount_too_small" | "amount_too_large" | "parameter_invalid_integer":
            return t("Stripe doesn't take this amount.")
        case "unreachable":
            return t("Stripe couldn't be reached.")
        case _ if key == CONFIRMATION:
            return t("The bank wants you to confirm the payment.")
        case _:
            return decline(t, key)


def _agreed_lines(t: Tongue, facts: AutoTopUpView) -> list[str]:
    assert facts.pack is not None
    lines = [
        t("Buys · {pack}", pack=pack_name(t, facts.pack)),
        t("When · {when}", when=when_words(t, facts.lead_hours)),
    ]
    if facts.low_balance is not None:
        below = points(t, facts.low_balance)
        lines.append(
            t("Also · below {points}, once a day at most", points=below)
            if facts.state != "ask"
            else t("Also · below {points}", points=below)
        )
    lines.append(
        t("Card · {card}", card=card_name(t, facts.card)) if facts.card is not None else t("Card · none")
    )
    used = t.money(facts.used) if facts.used is not None else ""
    lines.append(
        t("At most · {cap} a month, {used} used", cap=t.money(facts.cap), used=used)
        if facts.cap is not None
        else t("At most · no limit, {used} this month", used=used)
    )
    return lines


def _history_lines(t: Tongue, facts: AutoTopUpView) -> list[str]:
    lines = []
    if facts.last is not None:
        last = t(
            "Last · {when}, {price}, {result}",
            when=t.when(facts.last.at, "d"),
            price=t.money(facts.last.price),
            result=result(t, facts.last, reason(t, facts.last.reason)),
        )
        lines.append(last)
    if facts.charging and (facts.last is None or facts.last.status != OrderStatus.WAITING):
        lines.append(
            t("We don't know yet whether the card was charged. Don't pay again: we are asking Stripe.")
        )
    if facts.recovery is not None:
        lines.append(t("A page to pay is open. Nothing is charged while it is."))
    elif facts.next is not None and not facts.charging:
        at = t.when(facts.next.at)
        if facts.next.over_cap:
            lines.append(t("Next · nothing: your limit for the month is used up"))
        elif facts.next.cost == 0:
            lines.append(t("Next · {when}, if something renews by then", when=at))
        else:
            enough = points(t, facts.next.cost)
            lines.append(t("Next · {when}, only if you have under {points} by then", when=at, points=enough))
    return lines


def result(t: Tongue, last: LastCharge, why: str) -> str:
    """How a charge ended, in a few words that close a line; `why`: what is said of one that failed."""
    match last.status:
        case OrderStatus.PAID:
            return t("fine")
        case OrderStatus.OPEN:
            return t("not known yet")
        case OrderStatus.WAITING:
            return t("the bank is sending the money")
        case _ if last.recovered:
            return t("paid by hand")
        case _:
            return why


def pack_name(t: Tongue, pack: PackCard) -> str:
    """50 points + 5 bonus for 40 USD."""
    amount = points(t, pack.points)
    if pack.bonus:
        amount = t("{points} + {bonus} bonus", points=amount, bonus=t.points(pack.bonus))
    return t("{points} for {price}", points=amount, price=t.money(pack.price))


def when_words(t: Tongue, lead_hours: int) -> str:
    """When it looks, and on what condition."""
    if lead_hours % 24:
        return t.n(
            "{count} hour before a renewal that your points don't cover",
            "{count} hours before a renewal that your points don't cover",
            lead_hours,
        )
    return t.n(
        "{count} day before a renewal that your points don't cover",
        "{count} days before a renewal that your points don't cover",
        lead_hours // 24,
    )


def card_name(t: Tongue, card: SavedCardView) -> str:
    """Visa ···· 4242, until 08/28, saved by Dana."""
    brand = h(card.brand.replace("_", " ").capitalize())
    named = {"brand": brand, "last4": h(card.last4), "until": f"{card.exp_month:02}/{card.exp_year % 100:02}"}
    if not card.saved_by:
        return t("{brand} ···· {last4}, until {until}", **named)
    return t("{brand} ···· {last4}, until {until}, saved by {name}", **named, name=h(card.saved_by))


def _rows(t: Tongue, facts: AutoTopUpView) -> Rows:
    ws = facts.workspace_id
    off = button(t("Turn off"), auto.TurnOff(workspace=ws))
    card = button(t("Card"), auto.CardScreen(workspace=ws))
    change = [
        button(t("Change pack"), auto.ChoosePack(workspace=ws)),
        button(t("Limit"), auto.ChooseLimit(workspace=ws)),
        card,
    ]
    low = [button(t("Low balance"), auto.ChooseLow(workspace=ws))]
    again = _again(ws, facts)
    match facts.state:
        case "on":
            ask = button(t("Ask me first"), auto.AskFirst(workspace=ws))
            return [recover_row(t, facts.last), [off, ask], change, low]
        case "ask":
            return [[button(t("Charge without asking"), again), off], change, low]
        case "suspended":
            other = button(t("Other card"), auto.SaveCard(workspace=ws))
            on = button(t("Turn on again"), again)
            return [recover_row(t, facts.last), [on, other] if facts.card is not None else [other], [off]]
        case _ if not facts.selling:
            return [[card]] if facts.card is not None else []
        case _ if facts.agreed and facts.card is None and facts.pack_sold:
            save = button(t("Save a card"), auto.SaveCard(workspace=ws), "success")
            return [[save], [button(t("Change pack"), auto.ChoosePack(workspace=ws)), off]]
        case _:
            on = button(t("Turn on"), again, "success")
            return [[on], [card] if facts.card is not None else []]


def _again(ws: int, facts: AutoTopUpView) -> auto.ChoosePack | auto.ReadConsent:
    if facts.pack is None or not facts.pack_sold:
        return auto.ChoosePack(workspace=ws)
    return auto.ReadConsent(workspace=ws, pack_id=facts.pack.id)


def recover_row(t: Tongue, last: LastCharge | None) -> list[InlineKeyboardButton]:
    """The button that makes a failed charge good; empty where there is none."""
    if last is None or last.status != OrderStatus.FAILED or last.recovered or last.reason == "mismatch":
        return []
    if last.reason == CONFIRMATION:
        text = t("Confirm and pay {price}", price=t.money(last.price))
    else:
        text = t("Pay {price} now", price=t.money(last.price))
    return [button(text, auto.Recover(order=last.order_id), "success")]


def news_words(t: Tongue, news: str) -> str | None:
    """What has just happened to a card or a charge."""
    match news:
        case "saved":
            return t("✓ Card saved.")
        case "kept":
            return t("✓ Card saved. Auto top-up stays off until you turn it on.")
        case "expired":
            return t("Nobody saved a card within a day, so the page is closed.")
        case OrderStatus.PAID:
            return t("✓ Charged. The points are here.")
        case _:
            return None
