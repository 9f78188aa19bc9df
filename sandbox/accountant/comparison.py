"""Two sets of books side by side: the accountant's and the program's."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sandbox.accountant.book import Charge, Line, Result


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comparing one workspace's books came to; no differences: the same."""

    name: str
    expected: Result
    found: Result
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not self.differences


def compare(name: str, expected: Result, found: Result) -> Verdict:
    """Line by line. Lines of one date, kind, add-on and cycle count together.

    How many units one line speaks of is the program's own affair.
    """
    differences = [
        *_differing(_summed(expected.lines), _summed(found.lines), _points),
        *_differing(_charged(expected.charges), _charged(found.charges), _times),
    ]
    if expected.balance != found.balance:
        differences.append(f"balance: {_points(expected.balance)} expected, {_points(found.balance)} found")
    if expected.units != found.units:
        differences.append(f"units: {expected.units} expected, {found.units} found")
    return Verdict(name, expected, found, tuple(differences))


def _summed(lines: Sequence[Line]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for line in lines:
        cycle = f"cycle of {line.cycle}" if line.cycle is not None else ""
        sums[", ".join(filter(None, (line.day.isoformat(), line.what, line.addon, cycle)))] += line.hundredths
    return sums


def _charged(charges: Sequence[Charge]) -> Counter[str]:
    return Counter(f"{charge.day}, card, {charge.answer}, {_points(charge.cents)}" for charge in charges)


def _differing(expected: Counter[str], found: Counter[str], shown: Callable[[int], str]) -> Iterator[str]:
    for key in sorted({*expected, *found}):
        if expected[key] != found[key]:
            yield f"{key}: {shown(expected[key])} expected, {shown(found[key])} found"


def _times(count: int) -> str:
    return f"{count} x"


def _points(hundredths: int) -> str:
    sign, hundredths = "-" if hundredths < 0 else "", abs(hundredths)
    return f"{sign}{hundredths // 100}.{hundredths % 100:02}"
