"""Python's garbage collector, set for a process that has loaded much for good and makes few cycles."""

import gc
from typing import Final

YOUNG: Final = 10_000
"""New objects after which the young ones are looked through, instead of 700: a sweep's batch holds more than that."""


def settle_memory() -> None:
    """What stands now is never looked through again.

    Without this each full collection walks all modules, which takes a tenth of a second and more; it holds up every tap,
    and makes a renewal sweep three times slower.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
