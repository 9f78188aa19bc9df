"""What a price, a pack or the price of a point would earn, shown before it is saved (R32)."""

import datetime as dt

from billing.catalogue import PackCard
from billing.margin import (
    Comparison,
    PackLoss,
    PackPreview,
    PointPricePreview,
    PricePreview,
    Suggestion,
    SuggestionsPreview,
)
from billing.money import Money
from billing.money import currency as currency_of
from handlers.partner import buttons
from handlers.partner.pack_view import each, pack_label, pack_points
from handlers.screens import Screen, button
from handlers.tongue import Tongue, h


def price_preview_view(t: Tongue, preview: PricePreview, today: dt.date) -> Screen:
    """What saving a price would do: to whom, from when, and what is left over the cost."""
    addon = preview.addon
    after = t.points(preview.price)
    changed = (
        t("{before} → {after} points a month", before=t.points(addon.price), after=after)
        if addon.price is not None
        else t("{after} points a month", after=after)
    )
    return Screen.of(
        f"<b>{h(addon.label)}</b>: {changed}",
        _touches(t, preview, today),
        *earnings(t, preview),
        rows=[
            [
                button(
                    t("Save"),
                    buttons.SavePrice(addon_id=addon.id, price=preview.price),
                    None if preview.losses else "success",
                ),
                button(t("Other price"), buttons.TypePrice(addon_id=addon.id)),
            ],
            [button(t("‹ Back"), buttons.Price(addon_id=addon.id))],
        ],
    )


def _touches(t: Tongue, preview: PricePreview, today: dt.date) -> str:
    count, start = preview.addon.workspaces, preview.applies_from
    if not count and start is None:
        return t("No workspace has it yet: holds from today.")
    if not count:
        assert start is not None
        return t(
            "No workspace has it, but some had it this month: holds for months that begin on {day} or later.",
            day=t.near_day(start, today),
        )
    if start is None or start <= today:
        return t.n(
            "Touches {count} workspace at its next renewal; it is told today.",
            "Touches {count} workspaces at their next renewal; they are told today.",
            count,
        )
    return t.n(
        "Touches {count} workspace at its first renewal from {day}; it is told today.",
        "Touches {count} workspaces at their first renewal from {day}; they are told today.",
        count,
        day=t.near_day(start, today),
    )


def earnings(t: Tongue, preview: PricePreview) -> list[str]:
    """What a unit brings at the price, where it loses money, and what couldn't be compared."""
    return [
        _brings(t, preview),
        *[_loss(t, loss) for loss in preview.losses],
        *_left_out(t, preview.not_compared),
    ]


def _brings(t: Tongue, preview: PricePreview) -> str:
    cost = preview.addon.cost
    if cost is None:
        return t("Its cost price isn't set, so it isn't compared.")
    if preview.least is None or preview.most is None:
        return t(
            "Costs you {cost}; no pack is sold in {currency}, so it isn't compared.",
            cost=t.money(cost),
            currency=cost.currency,
        )
    if preview.least == preview.most:
        return t("Costs you {cost}; brings {brings}.", cost=t.money(cost), brings=t.money(preview.least))
    return t(
        "Costs you {cost}; brings {least} to {most}, by pack.",
        cost=t.money(cost),
        least=t.money(preview.least),
        most=t.money(preview.most),
    )


def _loss(t: Tongue, loss: PackLoss) -> str:
    if loss.pack is None:
        return t("⚠ With points bought exactly you lose {lost} on each.", lost=t.money(loss.lost))
    return t(
        "⚠ With “{pack}” you lose {lost} on each.", pack=pack_label(t, loss.pack), lost=t.money(loss.lost)
    )


def _left_out(t: Tongue, currencies: tuple[str, ...]) -> list[str]:
    if not currencies:
        return []
    return [
        t("⚠ Not compared, as points are sold in it too: {currencies}.", currencies=", ".join(currencies))
    ]


def suggestions_view(
    t: Tongue, preview: SuggestionsPreview, *, desk: bool, news: str | None = None
) -> Screen:
    """The suggested prices before they are saved."""
    losing = any(each.worst is not None for each in preview.prices)
    back = button(t("‹ Desk"), buttons.Desk()) if desk else button(t("‹ Prices"), buttons.Prices())
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{t('Suggested prices')}</b>",
        t("For a unit and month. In brackets: what it costs you."),
        "",
        *[line for each in preview.prices for line in _suggestion(t, each)],
        *_left_out(t, preview.not_compared),
        rows=[
            [
                button(
                    t("Save"),
                    buttons.SaveSuggestedPrices(desk=desk, total=preview.total),
                    None if losing else "success",
                )
            ],
            [back],
        ],
    )


def _suggestion(t: Tongue, suggested: Suggestion) -> list[str]:
    price = t("{points} points", points=t.points(suggested.price))
    line = f"{h(suggested.addon)}  {price} ({t.money(suggested.cost)})"
    return [line, *([_loss(t, suggested.worst)] if suggested.worst is not None else [])]


def pack_preview_view(t: Tongue, preview: PackPreview, pack_id: int) -> Screen:
    """A pack before it is saved."""
    return Screen.of(
        f"<b>{pack_points(t, preview.points, preview.bonus)} · {t.money(preview.price)}</b>",
        each(t, PackCard(pack_id, preview.points, preview.bonus, preview.price)),
        *_compared(t, preview.comparison, preview.price.currency),
        rows=[
            [
                button(t("Save"), buttons.SavePack(), None if preview.comparison.losses else "success"),
                button(t("Start over"), buttons.TypePack(id=pack_id)),
            ],
            [button(t("Cancel"), buttons.Packs())],
        ],
    )


def point_price_preview_view(t: Tongue, preview: PointPricePreview) -> Screen:
    """The price of a point before it is saved."""
    return Screen.of(
        f"<b>{_point_price(t, preview)}</b>",
        least_purchase(t, preview.minimum),
        *_compared(t, preview.comparison, preview.currency),
        rows=[
            [
                button(t("Save"), buttons.SavePointPrice(), None if preview.comparison.losses else "success"),
                button(t("Other price"), buttons.TypePointPrice()),
            ],
            [button(t("Smallest purchase"), buttons.TypeLeastPurchase(currency=preview.currency))],
            [button(t("Cancel"), buttons.PointPrices())],
        ],
    )


def _point_price(t: Tongue, preview: PointPricePreview) -> str:
    price = t.price(preview.price, preview.currency)
    if preview.before in {None, preview.price}:
        return t("1 point = {price}", price=price)
    assert preview.before is not None
    return t("1 point: {before} → {price}", before=t.price(preview.before, preview.currency), price=price)


def least_purchase(t: Tongue, minimum: Money) -> str:
    """The least that an exact purchase costs; `minimum` is the partner's own."""
    stripes = Money(currency_of(minimum.currency).minimum, minimum.currency)
    if minimum.amount_minor <= stripes.amount_minor:
        return t("Smallest purchase  {amount}, Stripe's own minimum", amount=t.money(stripes))
    return t("Smallest purchase  {amount}", amount=t.money(minimum))


def _compared(t: Tongue, found: Comparison, currency: str) -> list[str]:
    losses = [
        t(
            "⚠ {addon} paid with these points loses you {lost} on each.",
            addon=h(loss.addon),
            lost=t.money(loss.lost),
        )
        for loss in found.losses
    ]
    if not found.compared:
        return [t("No add-on has a cost in {currency}: not compared.", currency=currency)]
    if not found.not_compared:
        return losses
    others = ", ".join(found.not_compared)
    return [*losses, t("⚠ Not compared, as some add-ons cost you that: {currencies}.", currencies=others)]
