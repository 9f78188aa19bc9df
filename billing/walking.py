"""Lists of due rows that are walked one by one: what nobody expected of one row keeps no other waiting."""

from collections.abc import Iterator
from contextlib import contextmanager


class Walk:
    """Gathers what failed on the way."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    @contextmanager
    def step(self, row: str) -> Iterator[None]:
        """The work of one row; `row` names it beside its error."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 (raised when the walk ends)
            error.add_note(f"at {row}")
            self.errors.append(error)


@contextmanager
def walk(name: str) -> Iterator[Walk]:
    """Walk rows to the end, then raise what failed as one ExceptionGroup, for whoever logs and counts failures."""
    steps = Walk()
    with steps.step("the walk itself"):
        yield steps
    if steps.errors:
        raise ExceptionGroup(f"{name}: {len(steps.errors)} failed", steps.errors)
