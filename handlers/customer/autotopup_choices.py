"""What a customer chooses about auto top-up: pack, consent, limit, low balance, card (R17)."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from billing.automatic.agreement import AutoTopUpView, Consent
from billing.catalogue import PackCard
from billing.money import Money
from handlers.customer import autotopup_buttons as auto
from handlers.customer import buttons
from handlers.customer.autotopup_view import Rows, card_name, pack_name, when_words
from handlers.customer.phrases import menu, points
from handlers.screens import Screen, button, link
from handlers.tongue import Tongue, h

LIMITS = (1, 2, 3, 5, 10)
"""Packs a month that limits are offered for."""
THRESHOLDS = (500, 1_000, 2_500, 5_000, 10_000)
"""Hundredths of points that are offered as a low balance."""


def packs_view(t: Tongue, workspace_id: int, packs: Sequence[PackCard]) -> Screen:
    """Which pack it should buy."""
    rows = [
        [button(pack_name(t, pack), auto.ReadConsent(workspace=workspace_id, pack_id=pack.id))]
        for pack in packs
    ]
    return Screen.of(
        f"<b>{t('Auto top-up')}</b>",
        t("Which pack should it buy? If one isn't enough for a renewal, it buys several.")
        if packs
        else t("There is nothing to buy yet."),
        rows=[*rows, _back(t, workspace_id)],
    )


def consent_lines(t: Tongue, facts: Consent) -> list[str]:
    """What is agreed to: sum, time, limit, and how it ends. Plain text."""
    lines = [
        t("Buys {pack}, several of it only if a renewal needs them.", pack=pack_name(t, facts.pack)),
        t(
            "Charged {when}, and on the day itself for what is missing by then. A declined card is tried "
            "again a day and three days later.",
            when=when_words(t, facts.lead_hours),
        ),
    ]
    if facts.low_balance is not None:
        low = points(t, facts.low_balance)
        lines.append(t("Also one pack a day at most when you have under {points}.", points=low))
    lines.append(
        t("Never more than {cap} in a calendar month.", cap=t.money(facts.cap))
        if facts.cap is not None
        else t("No limit a month.")
    )
    lines.append(t("If the pack's price changes, nothing is bought until you agree anew."))
    lines.append(t("To stop: one tap here, in /autotopup, at any time. It ends at once."))
    return lines


def consent_view(t: Tongue, facts: Consent) -> Screen:
    """The last look before it is on."""
    ws, pack = facts.workspace_id, facts.pack.id
    cap = facts.cap.amount_minor if facts.cap is not None else 0

    def agree(text: str, way: auto.Way, style: str | None = None) -> InlineKeyboardButton:
        return button(text, auto.Agree(workspace=ws, pack_id=pack, cap=cap, way=way), style)

    if facts.card is not None:
        first: Rows = [[agree(t("Agree and turn on"), "on", "success")]]
    else:
        price = t.money(facts.pack.price)
        first = [
            [agree(t("Agree and save a card"), "card", "success")],
            [agree(t("Agree, pay {price} now and save the card", price=price), "pay")],
        ]
    return Screen.of(
        f"<b>{t('Auto top-up: what you agree to')}</b>",
        h(facts.workspace),
        *consent_lines(t, facts),
        t("Card · {card}", card=card_name(t, facts.card)) if facts.card is not None else None,
        rows=[
            *first,
            [
                agree(t("Rather ask me first"), "ask"),
                button(t("Other limit"), auto.ChooseLimit(workspace=ws, pack_id=pack)),
            ],
            _back(t, ws),
        ],
    )


def limit_view(t: Tongue, workspace_id: int, pack: PackCard, cap: Money | None, *, reading: bool) -> Screen:
    """How much a calendar month may take. `reading`: for a consent that is still being read."""

    def choice(text: str, minor: int) -> InlineKeyboardButton:
        if reading:
            return button(text, auto.ReadConsent(workspace=workspace_id, pack_id=pack.id, cap=minor))
        return button(text, auto.SetLimit(workspace=workspace_id, cap=minor))

    sums = [pack.price.amount_minor * packs for packs in LIMITS]
    options = [
        choice(
            _ticked(
                t.money(Money(minor, pack.price.currency)), cap is not None and cap.amount_minor == minor
            ),
            minor,
        )
        for minor in sums
    ]
    none = choice(_ticked(t("No limit"), cap is None), 0)
    own = t.money(cap) if cap is not None and cap.amount_minor not in sums else None
    other = button(_other(t, own), auto.AskLimit(workspace=workspace_id, pack_id=pack.id if reading else 0))
    return Screen.of(
        f"<b>{t('Auto top-up: limit')}</b>",
        t("How much may it charge in a calendar month, at most?"),
        rows=[options[:3], options[3:], [none, other], _back(t, workspace_id)],
    )


def ask_limit_view(t: Tongue, workspace_id: int, pack: PackCard, wrong: str | None = None) -> Screen:
    """The question for a limit of one's own; `wrong` says what was wrong with the answer before."""
    price = pack.price
    return Screen.of(
        f"<b>{t('Auto top-up: limit')}</b>",
        wrong,
        t("How much may it charge in a calendar month, at most?"),
        t("Send a sum, such as {example}.", example=t.money(Money(price.amount_minor * 4, price.currency))),
        rows=[_back(t, workspace_id)],
    )


def low_view(t: Tongue, facts: AutoTopUpView) -> Screen:
    """The second, optional trigger."""
    ws = facts.workspace_id
    options = [
        button(_ticked(points(t, value), facts.low_balance == value), auto.SetLow(workspace=ws, points=value))
        for value in THRESHOLDS
    ]
    never = button(
        _ticked(t("Only for renewals"), facts.low_balance is None), auto.SetLow(workspace=ws, points=0)
    )
    low = facts.low_balance
    own = points(t, low) if low is not None and low not in THRESHOLDS else None
    other = button(_other(t, own), auto.AskLow(workspace=ws))
    return Screen.of(
        f"<b>{t('Auto top-up: low balance')}</b>",
        t(
            "It can also buy one pack, once a day at most, when you have fewer points than this. The limit holds."
        ),
        rows=[options[:3], options[3:], [never, other], _back(t, ws)],
    )


def ask_low_view(t: Tongue, workspace_id: int, wrong: str | None = None) -> Screen:
    """The question for a low balance of one's own; `wrong` says what was wrong with the answer before."""
    return Screen.of(
        f"<b>{t('Auto top-up: low balance')}</b>",
        wrong,
        t("Below how many points? Send a number, such as {example}.", example=t.points(1_250)),
        rows=[_back(t, workspace_id)],
    )


def card_view(t: Tongue, facts: AutoTopUpView) -> Screen:
    """The saved card, and what can be done about it."""
    ws = facts.workspace_id
    rows: Rows = []
    if facts.pack is not None and facts.pack_sold and facts.selling:
        rows.append([button(t("Save another card"), auto.SaveCard(workspace=ws))])
    if facts.card is not None:
        rows.append([button(t("Remove card"), auto.RemoveCard(workspace=ws), "danger")])
    return Screen.of(
        f"<b>{t('Auto top-up: card')}</b>",
        card_name(t, facts.card) if facts.card is not None else t("There is no saved card."),
        t("The card is kept by Stripe; here only its last digits are known.")
        if facts.card is not None
        else None,
        t("Without a card auto top-up is off.") if facts.state == "on" else None,
        rows=[*rows, _back(t, ws)],
    )


def card_page_view(t: Tongue, workspace_id: int, url: str) -> Screen:
    """The way to the page that saves a card."""
    return Screen.of(
        f"<b>{t('Save a card')}</b>",
        t("On Stripe's page. Nothing is charged now. This message changes when the card is saved."),
        rows=[
            [link(t("Open Stripe's page"), url, "success")],
            _back(t, workspace_id),
        ],
    )


def refused_view(t: Tongue, workspace_id: int, why: str) -> Screen:
    """What couldn't be done, and why."""
    return Screen.of(f"<b>{t('Auto top-up')}</b>", why, rows=[_back(t, workspace_id)])


def _other(t: Tongue, chosen: str | None) -> str:
    """The button that asks; `chosen`: what was typed before and holds."""
    return t("Other amount") if chosen is None else t("Other amount ({chosen} ✓)", chosen=chosen)


def _ticked(text: str, chosen: bool) -> str:  # noqa: FBT001 (a mark, not a mode)
    return f"{text} ✓" if chosen else text


def _back(t: Tongue, workspace_id: int) -> list[InlineKeyboardButton]:
    return [button(t("Back"), buttons.AutoTopUp(workspace=workspace_id)), menu(t)]
