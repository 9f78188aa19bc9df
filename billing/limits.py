"""What a workspace may use, when it is warned and the cheapest way to more (R20-R22). Whole units of a limit."""

import sys
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Generic, TypeAlias, TypeVar

WARNING_PERCENTS = (80, 95)

MOST_STEPS = 20_000
"""How long the cheapest mix is searched for: some ten times what a catalogue of sensible sizes takes."""

AddonId = TypeVar("AddonId", bound=Hashable)

_Cover: TypeAlias = tuple[int, int, tuple[int, ...]]
"""Price, units in all, and the count of each size taken so far."""

_NO_COVER: _Cover = (sys.maxsize, 0, ())


@dataclass(frozen=True, slots=True)
class Offer(Generic[AddonId]):
    """An add-on that raises ``limit`` by ``per_unit`` for ``price`` hundredths of points a unit.

    ``once``: what taking any of it costs besides, as units that wait for points are paid with the first (R15).
    """

    addon: AddonId
    limit: str
    per_unit: int
    price: int
    once: int = 0

    def __post_init__(self) -> None:
        if self.per_unit <= 0 or self.price < 0 or self.once < 0:
            raise ValueError(f"no offer: {self.per_unit} for {self.price}")


@dataclass(frozen=True, slots=True)
class Mix(Generic[AddonId]):
    """Units to add of each add-on, and what they cost together in hundredths of points."""

    units: tuple[tuple[AddonId, int], ...]
    price: int


def allowance(plan_value: int, override: int | None, grants: Iterable[tuple[int, int]]) -> int:
    """What may be used: the plan's value, or the workspace's override of it, and what add-ons grant.

    ``grants`` are (active units, granted per unit).
    """
    granted = sum(units * per_unit for units, per_unit in grants)
    return (plan_value if override is None else override) + granted


def over(used: int, allowed: int) -> int:
    """Units above the allowance, 0 within it. Using exactly the allowance is within."""
    return max(0, used - allowed)


def warning_level(used: int, allowed: int) -> int:
    """The highest warning percentage that usage has reached, 0 for none (R22).

    Without an allowance any usage has reached them all, and none has reached none.
    """
    return max(
        (percent for percent in WARNING_PERCENTS if used > 0 and used * 100 >= allowed * percent), default=0
    )


def usage_tenths(used: int, allowed: int) -> int:
    """How many tenths of a usage bar are full. 10 means the allowance is used up; any use shows 1."""
    if used <= 0:
        return 0
    if used >= allowed:
        return 10
    return max(1, used * 10 // allowed)


def cheapest_mix(shortage: Mapping[str, int], offers: Sequence[Offer[AddonId]]) -> Mix[AddonId] | None:
    """The add-ons that make up every shortage for the least points, then with the fewest units (R22).

    ``shortage`` is units missing by limit code. None if a limit is short and no offer raises it. Exact, not
    greedy: 11,000 users missing at 5 for 1,000 and 30 for 10,000 are one big and one small unit (35). Only
    where many odd sizes of nearly the same value meet a huge shortage does the search end at MOST_STEPS,
    with the cheapest it has found.
    """
    units: list[tuple[AddonId, int]] = []
    price = 0
    for code, missing in shortage.items():
        if missing <= 0:
            continue
        fitting = [offer for offer in offers if offer.limit == code]
        if not fitting:
            return None
        for offer, count in _cheapest_cover(missing, fitting):
            units.append((offer.addon, count))
            price += offer.once + offer.price * count
    return Mix(tuple(units), price)


def _cheapest_cover(missing: int, offers: Sequence[Offer[AddonId]]) -> list[tuple[Offer[AddonId], int]]:
    """Counts of offers of one limit covering ``missing``, least (price, units) first."""
    by_value: list[Offer[AddonId]] = []
    for offer in sorted(offers, key=lambda offer: (Fraction(offer.price, offer.per_unit), -offer.per_unit)):
        # What gives no more than a better value and costs no less is never needed.
        if not any(
            kept.per_unit >= offer.per_unit and kept.price <= offer.price and kept.once <= offer.once
            for kept in by_value
        ):
            by_value.append(offer)
    search = _Search(
        [offer.per_unit for offer in by_value],
        [offer.price for offer in by_value],
        [offer.once for offer in by_value],
    )
    search.cover(0, missing, (0, 0, ()))
    _, _, counts = search.best
    return [(offer, count) for offer, count in zip(by_value, counts, strict=False) if count]


class _Search:
    """Branch and bound over sizes and prices, best value first, most of the best value first.

    Taking less of a size n than fits can only help as far as the others fit better: among n of those, some
    make a multiple of n together and the better value in their place costs no more, so fewer are needed. Once it
    is taken at all, that is: what costs something once is tried without, too.
    """

    def __init__(self, sizes: Sequence[int], prices: Sequence[int], once: Sequence[int]) -> None:
        self.sizes = sizes
        self.prices = prices
        self.once = once
        self.best: _Cover = _NO_COVER
        self.steps_left = MOST_STEPS

    def cover(self, n: int, missing: int, taken: _Cover) -> None:
        """Keep in ``best`` the best way to cover ``missing`` with the sizes from the n-th on."""
        size, largest = self.sizes[n], max(self.sizes[n + 1 :], default=0)
        others_cover = (size // gcd(*self.sizes[n:]) - 1) * largest
        fewest = max(0, (missing - others_cover) // size)
        most = -(-missing // size)
        if not self.once[n]:
            self._try(n, missing, taken, range(most, fewest - 1, -1))
            return
        self._try(n, missing, taken, range(most, max(fewest, 1) - 1, -1))
        self._try(n, missing, taken, range(1))

    def _try(self, n: int, missing: int, taken: _Cover, how_many: range) -> None:
        """As many as that of the n-th size, most first, and the others for the rest."""
        size, largest = self.sizes[n], max(self.sizes[n + 1 :], default=0)
        for count in how_many:
            self.steps_left -= 1
            price, units, counts = taken
            paid = price + count * self.prices[n] + (self.once[n] if count else 0)
            tried = (paid, units + count, (*counts, count))
            left = missing - count * size
            if left <= 0:
                self.best = min(self.best, tried)
                continue
            if not largest or self.steps_left < 0:
                return
            least_price = paid - (-left * self.prices[n + 1] // self.sizes[n + 1])
            if least_price > self.best[0]:
                return
            if (least_price, tried[1] - (-left // largest)) < self.best[:2]:
                self.cover(n + 1, left, tried)
