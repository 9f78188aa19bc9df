"""Buttons that pay for points that are missing: the pack that fits, and the exact amount (R3, R12)."""

from collections.abc import Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from billing.money import Money
from billing.orders import Fitting, PackOffer
from handlers.customer import buttons
from handlers.customer.phrases import points
from handlers.screens import button
from handlers.tongue import Tongue

Rows = Sequence[Sequence[InlineKeyboardButton]]


def ways_to_pay(
    t: Tongue,
    fit: Fitting,
    workspace_id: int,
    buys: tuple[int, int] | None = None,
    *,
    by_points: bool = False,
) -> list[list[InlineKeyboardButton]]:
    """A row each; the first is the coloured one. `buys`: the add-on, and its units in all, that are remembered.

    Several packs come after the exact amount: who lacks so much would rather not pay more than that. `by_points`:
    the points are named first, as a notice does that says what they are for.
    """
    ways: list[tuple[str, CallbackData]] = []
    if fit.pack is not None:
        text = pack_text(t, fit.pack, fit.packs, by_points=by_points)
        ways.append((text, pack_target(workspace_id, fit.pack, fit.packs, buys)))
    if fit.exact is not None:
        text = _exact_text(t, fit.exact, fit.exact_points, by_points=by_points)
        ways.append((text, _exact_target(workspace_id, fit.missing, fit.exact, buys)))
    if fit.packs > 1:
        ways.reverse()
    return [[button(text, target, None if place else "success")] for place, (text, target) in enumerate(ways)]


def too_far(t: Tongue, what: str) -> str:
    """Where one payment can't bring all that is missing; `what` is safe for HTML."""
    return t(
        "One payment can't reach so far. {what} is bought as soon as there are enough points.", what=what
    )


def pack_text(t: Tongue, pack: PackOffer, packs: int, *, by_points: bool = False) -> str:
    """Pay 40 USD: 50 points; of several: Pay 80 USD: 2 × 50 points. By points: 2 × 50 points · 80 USD."""
    card = pack.card
    each = points(t, card.points + card.bonus)
    given = each if packs == 1 else f"{t.number(packs)} × {each}"
    price = t.money(Money(card.price.amount_minor * packs, card.price.currency))
    return f"{given} · {price}" if by_points else t("Pay {price}: {points}", price=price, points=given)


def pack_target(
    workspace_id: int, pack: PackOffer, packs: int, buys: tuple[int, int] | None = None
) -> CallbackData:
    """What the button of a pack, or of several, carries."""
    number = pack.card.id
    match buys:
        case None if packs == 1:
            return buttons.Pay(workspace=workspace_id, pack_id=number)
        case None:
            return buttons.PaySeveral(workspace=workspace_id, pack_id=number, packs=packs)
        case addon, units if packs == 1:
            return buttons.PayFor(workspace=workspace_id, addon=addon, units=units, pack_id=number)
        case addon, units:
            return buttons.PaySeveralFor(
                workspace=workspace_id, addon=addon, units=units, pack_id=number, packs=packs
            )


def _exact_text(t: Tongue, price: Money, bought: int, *, by_points: bool) -> str:
    if by_points:
        return t("Just {points} · {price}", points=points(t, bought), price=t.money(price))
    return t("Pay just {price}", price=t.money(price))


def _exact_target(
    workspace_id: int, missing: int, exact: Money, buys: tuple[int, int] | None
) -> CallbackData:
    if buys is None:
        return buttons.Pay(workspace=workspace_id, pack_id=0, points=missing, currency=exact.currency)
    addon, units = buys
    return buttons.PayFor(
        workspace=workspace_id, addon=addon, units=units, points=missing, currency=exact.currency
    )
