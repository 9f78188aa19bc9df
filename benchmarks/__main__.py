"""Runs all benchmarks, or those named: postings, taps, history, sweep. All of them together write docs/benchmarks.md."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks import history, postgres, postings, report, sweep, sweep_taps, taps
from benchmarks.measure import Comparison


async def _postings(folder: Path) -> list[Comparison]:
    with postgres.server() as url:
        on_postgres = await postings.on_postgres(url)
    return [on_postgres, await postings.on_sqlite(folder)]


async def _history(folder: Path) -> list[Comparison]:
    return [await history.compare(folder)]


async def _sweep(folder: Path) -> list[Comparison]:
    found = [*await sweep.on_sqlite(folder), await sweep_taps.on_sqlite(folder)]
    with postgres.server() as url:
        found += await sweep.on_postgres(url)
        found.append(await sweep_taps.on_postgres(postgres.create_database(url)))
    return found


_BENCHMARKS: dict[str, Callable[[Path], Awaitable[list[Comparison]]]] = {
    "postings": _postings,
    "taps": taps.compare,
    "history": _history,
    "sweep": _sweep,
}


def main(names: list[str]) -> int:
    """Answers the exit code: 1 where a budget doesn't hold."""
    unknown = set(names) - _BENCHMARKS.keys()
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(_BENCHMARKS)}")
        return 2
    comparisons: list[Comparison] = []
    for name in names or _BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="addondesk-bench-") as folder:
            comparisons += asyncio.run(_run(name, Path(folder)))
    print(report.machine())
    report.show(comparisons)
    if not names:
        report.write(comparisons)
    return 0 if all(each.holds for each in comparisons) else 1


async def _run(name: str, folder: Path) -> list[Comparison]:
    return await _BENCHMARKS[name](folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
