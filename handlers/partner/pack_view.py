"""Packs as text and buttons."""

from decimal import Decimal

from billing.catalogue import PackCard
from billing.orders import price_per_point
from handlers.partner import buttons
from handlers.screens import Screen, button
from handlers.tongue import Tongue
from storage.models import PointPrice


def pack_label(t: Tongue, pack: PackCard) -> str:
    """150 + 25 bonus · 110 USD"""
    return f"{pack_points(t, pack.points, pack.bonus)} · {t.money(pack.price)}"


def pack_points(t: Tongue, points: int, bonus: int) -> str:
    """150 + 25 bonus"""
    if bonus:
        return t("{points} + {bonus} bonus", points=t.points(points), bonus=t.points(bonus))
    return t("{points} points", points=t.points(points))


def each(t: Tongue, pack: PackCard) -> str:
    """0.80 USD each"""
    return t("{price} each", price=t.price(price_per_point(pack), pack.price.currency))


def packs_view(t: Tongue, packs: list[PackCard], prices: list[PointPrice], news: str | None = None) -> Screen:
    """Packs in the customer's order."""
    exact = ", ".join(t.price(Decimal(row.price), row.currency) for row in prices)
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{t('Packs')}</b>",
        t("What customers can top up with, in their order."),
        "",
        *[f"{place}. {pack_label(t, pack)} · {each(t, pack)}" for place, pack in enumerate(packs, start=1)],
        None if packs else t("None yet. Customers can't buy points."),
        "",
        t("Exact amounts  {prices} a point", prices=exact)
        if prices
        else t("Exact amounts  off: set what one point costs."),
        rows=[
            [button(t("Start with three packs"), buttons.MakeStarterPacks(desk=False), "success")]
            if not packs
            else None,
            *[
                [button(pack_label(t, pack), buttons.Pack(id=pack.id)) for pack in packs[start : start + 2]]
                for start in range(0, len(packs), 2)
            ],
            [
                button(t("Add a pack"), buttons.TypePack(id=0)),
                button(t("Price of a point"), buttons.PointPrices()),
            ],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


def pack_view(t: Tongue, packs: list[PackCard], pack: PackCard) -> Screen:
    """One pack, where it stands, and the places it could move to."""
    place = packs.index(pack)
    return Screen.of(
        f"<b>{pack_label(t, pack)}</b>",
        each(t, pack),
        t("Place {place} of {places}", place=place + 1, places=len(packs)),
        rows=[
            [
                *([button(t("↑ Up"), buttons.MovePack(id=pack.id, place=place - 1))] if place else []),
                *(
                    [button(t("↓ Down"), buttons.MovePack(id=pack.id, place=place + 1))]
                    if place + 1 < len(packs)
                    else []
                ),
            ],
            [
                button(t("Change"), buttons.TypePack(id=pack.id)),
                button(t("Take off sale"), buttons.RetirePack(id=pack.id, sure=False)),
            ],
            [button(t("‹ Packs"), buttons.Packs())],
        ],
    )


def retire_view(t: Tongue, pack: PackCard) -> Screen:
    """The second tap before a pack goes."""
    return Screen.of(
        t("<b>{pack}</b>: take off sale?", pack=pack_label(t, pack)),
        t("Nobody can buy it from then on. Pages that are open already keep what they promised."),
        rows=[
            [button(t("Take off sale"), buttons.RetirePack(id=pack.id, sure=True), "danger")],
            [button(t("‹ Back"), buttons.Pack(id=pack.id))],
        ],
    )
