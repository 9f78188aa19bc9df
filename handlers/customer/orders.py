"""An order in its message, from the link to pay until the points are there (R27, R28)."""

from collections.abc import Sequence
from typing import TypeAlias

from aiogram.types import InlineKeyboardButton

from billing.addons import Completed
from billing.errors import BillingError
from billing.gateway import TAX_REFUSED
from billing.orders import CUSTOMER_GONE, OrderView, Remembered
from handlers.customer import buttons
from handlers.customer.phrases import look_again, menu, outcomes, points, units_of
from handlers.refusals import words
from handlers.screens import Screen, button, link
from handlers.tongue import Tongue, h
from storage.models import TEST_OVER, OrderStatus

Renewals: TypeAlias = Sequence[tuple[str, int, int]]
"""Units that waited for points to renew: label, units, hundredths charged."""
Pressed: TypeAlias = buttons.Pay | buttons.PayFor | buttons.PaySeveral | buttons.PaySeveralFor
"""A button that makes a page to pay."""


def order_screen(
    t: Tongue, view: OrderView, bought: Sequence[Completed] = (), renewed: Renewals = ()
) -> Screen:
    """An order as it stands. `bought`, `renewed`: what the points were used for when they arrived."""
    match view.status:
        case OrderStatus.OPEN:
            return _open(t, view)
        case OrderStatus.WAITING:
            return Screen.of(
                _title(t, view),
                t("Your bank is sending the money. We tell you when it is here."),
                *remembered_lines(t, view.remembered),
                rows=[[menu(t)]],
            )
        case OrderStatus.PAID:
            return _paid(t, view, bought, renewed)
        case _:
            return _ended(t, view)


def refused_screen(t: Tongue, refusal: BillingError, again: Pressed) -> Screen:
    """No page to pay could be made, and why."""
    return Screen.of(
        f"<b>{t('Top up')}</b>",
        words(refusal, t),
        rows=[
            [
                button(t("Try again"), again),
                button(t("Other pack"), buttons.TopUp(workspace=again.workspace)),
            ],
            [menu(t)],
        ],
    )


def paid_screen(t: Tongue, view: OrderView, home: Screen) -> Screen:
    """Back from Stripe's page, and the money is there: home, with a word about it."""
    name = order_name(t, view)
    done = t("✓ Paid: {what} plus tax.", what=name) if view.taxed else t("✓ Paid: {what}.", what=name)
    return Screen(f"{done}\n\n{home.text}", home.rows)


def back_screen(t: Tongue, view: OrderView) -> Screen:
    """Back from Stripe's page without having paid, or with a bank that takes its time."""
    screen = order_screen(t, view)
    if view.status != OrderStatus.OPEN:
        return screen
    return Screen(f"{t('Nothing was paid yet.')}\n\n{screen.text}", screen.rows)


def moved_screen(t: Tongue, view: OrderView) -> Screen:
    """The message that showed an order before a newer one does."""
    return Screen.of(_title(t, view), t("Goes on below."), rows=[[menu(t)]])


def order_name(t: Tongue, view: OrderView) -> str:
    """150 + 25 points for 110 USD."""
    amount = points(t, view.points)
    if view.bonus:
        amount = t("{points} + {bonus} bonus", points=amount, bonus=t.points(view.bonus))
    return t("{points} for {price}", points=amount, price=t.money(view.price))


def remembered_lines(t: Tongue, remembered: Sequence[Remembered]) -> list[str]:
    """What the next points are used for."""
    return [
        t("{what} is bought as soon as there are enough points.", what=h(units_of(t, each.units, each.label)))
        for each in remembered
    ]


def _title(t: Tongue, view: OrderView) -> str:
    return f"<b>{order_name(t, view)}</b>\n{h(view.workspace)}"


def _open(t: Tongue, view: OrderView) -> Screen:
    cancel = button(t("Cancel"), buttons.CancelOrder(order=view.id))
    if view.url is None:
        look = button(t("Check again"), buttons.ShowOrder(order=view.id))
        return Screen.of(_title(t, view), t("Stripe is making the page."), rows=[[look], [cancel, menu(t)]])
    declined = None
    if view.reason:
        declined = (
            f"⚠ {decline(t, view.reason)} {t('Nothing was charged. Try another card on the same page.')}"
        )
    return Screen.of(
        _title(t, view),
        declined,
        t("Pay on Stripe's page. The points arrive here by themselves."),
        t("Tax is added on the page.") if view.taxed else None,
        *remembered_lines(t, view.remembered),
        rows=[
            [link(t("Pay {price}", price=t.money(view.price)), view.url, "success")],
            [cancel, menu(t)],
        ],
    )


def _paid(t: Tongue, view: OrderView, bought: Sequence[Completed], renewed: Renewals) -> Screen:
    detail = None
    if view.bonus:
        detail = t("{points} and {bonus} bonus.", points=t.points(view.points), bonus=t.points(view.bonus))
    last: list[InlineKeyboardButton] = []
    if view.receipt_url is not None:
        last.append(link(t("Receipt"), view.receipt_url))
    addons = [button(t("Add-ons"), buttons.Addons(workspace=view.workspace_id))] if bought or renewed else []
    again = look_again(t, view.workspace_id, bought)
    return Screen.of(
        f"<b>{t('{points} arrived!', points=points(t, view.points + view.bonus))}</b>",
        detail,
        *outcomes(t, bought, renewed),
        t("You have {points}.", points=t.points(view.balance)),
        h(view.workspace),
        rows=[*again, addons, [*last, menu(t)]],
    )


def _ended(t: Tongue, view: OrderView) -> Screen:
    if view.reason == "mismatch":
        # Trying again would pay twice.
        rows = [[menu(t)]]
    else:
        rows = [
            [_again(t, view), button(t("Other pack"), buttons.TopUp(workspace=view.workspace_id))],
            [menu(t)],
        ]
    kept = None
    if view.remembered:
        what = ", ".join(h(units_of(t, each.units, each.label)) for each in view.remembered)
        kept = t("Still bought as soon as there are enough points: {what}.", what=what)
        rows[:0] = [[forget_button(t, view.workspace_id, each)] for each in view.remembered]
    return Screen.of(_title(t, view), what_happened(t, view), kept, rows=rows)


def forget_button(t: Tongue, workspace_id: int, each: Remembered) -> InlineKeyboardButton:
    """Calls a remembered purchase off."""
    target = buttons.Forget(workspace=workspace_id, addon=each.addon_id)
    return button(t("Don't buy {what}", what=units_of(t, each.units, each.label)), target)


def _again(t: Tongue, view: OrderView) -> InlineKeyboardButton:
    target: buttons.Pay | buttons.PaySeveral
    if view.pack_id is not None and view.packs > 1:
        target = buttons.PaySeveral(workspace=view.workspace_id, pack_id=view.pack_id, packs=view.packs)
    elif view.pack_id is not None:
        target = buttons.Pay(workspace=view.workspace_id, pack_id=view.pack_id)
    else:
        target = buttons.Pay(
            workspace=view.workspace_id, pack_id=0, points=view.points, currency=view.price.currency
        )
    return button(t("Try again"), target)


def what_happened(t: Tongue, view: OrderView) -> str:
    """Why an order came to nothing, and that nothing was charged where that is known."""
    match view.status, view.reason:
        case OrderStatus.EXPIRED, _:
            return t("Nobody paid within a day, so the page is closed. Nothing was charged.")
        case OrderStatus.CANCELLED, "superseded":
            return t("You chose something else, so this page is closed. Nothing was charged.")
        case _, reason if reason == CUSTOMER_GONE:
            return t("This page can't be used any more. Nothing was charged. Try again on a new one.")
        case OrderStatus.CANCELLED, "recovered":
            return t(
                "The saved card was charged after all, so this page is closed. Nothing was charged here."
            )
        case _, reason if reason == TEST_OVER:
            return t("This was a test payment, and the test is over. Nothing was charged.")
        case OrderStatus.CANCELLED, _:
            return t("Cancelled. Nothing was charged.")
        case _, "mismatch":
            return t(
                "What was paid differs from what was ordered, so no points were added yet. "
                "Your partner has been told and puts it right."
            )
        case _, reason if reason == TAX_REFUSED:
            return t(
                "Tax couldn't be worked out, so there is no page. Your partner has been told. Nothing was charged."
            )
        case _, "unreachable":
            return t("Stripe couldn't be reached for a day, so there is no page. Nothing was charged.")
        case _, reason:
            return f"{decline(t, reason)} {t('No points were added.')}"


def decline(t: Tongue, code: str) -> str:
    """A decline code in plain words. Stripe asks not to tell of lost or stolen cards: those read as any other."""
    match code:
        case "insufficient_funds" | "withdrawal_count_limit_exceeded" | "card_velocity_exceeded":
            return t("The bank said no: not enough money, or over the card's limit.")
        case "expired_card":
            return t("The card has expired.")
        case "incorrect_cvc" | "invalid_cvc":
            return t("The card's security code was wrong.")
        case "incorrect_number" | "invalid_number":
            return t("The card's number was wrong.")
        case "invalid_expiry_month" | "invalid_expiry_year" | "incorrect_zip" | "incorrect_address":
            return t("Something in the card's details was wrong.")
        case "authentication_required" | "payment_intent_authentication_failure":
            return t("The bank wanted a confirmation that didn't come.")
        case "card_not_supported" | "currency_not_supported" | "service_not_allowed":
            return t("This card can't be used for this payment.")
        case "processing_error" | "issuer_not_available" | "try_again_later" | "reenter_transaction":
            return t("The bank couldn't be reached.")
        case _:
            return t("The bank said no and didn't say why. It tells you if you call it.")
