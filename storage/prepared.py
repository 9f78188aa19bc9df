"""Statements that are compiled once for each database: for the few that every posting runs.

SQLAlchemy's own execution (cache key, context, result) takes longer than the driver's whole round trip. What is
kept is what it guarantees: types are converted, and errors are the same and reach the Tx.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import ClauseElement, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from storage.transaction import Tx

_Convert: TypeAlias = Callable[[Any], Any]


class Prepared:
    """A Core statement whose values are all bound by name, and of which none is an expanding one.

    Rows come as the driver has them: select only columns that both drivers give as they are (numbers, text).
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement: Final = statement
        self._forms: dict[str, _Form] = {}

    def run(self, tx: Tx, **values: Any) -> list[tuple[Any, ...]]:
        """The rows; empty for a statement without any."""
        form = self._forms.get(tx.dialect)
        if form is None:
            form = self._forms[tx.dialect] = _Form(self._statement, tx.conn.dialect)
        return tx.conn.run_prepared(form.sql, form.positional(values))


class _Form:
    """The statement in one database's SQL."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = cast("SQLCompiler", statement.compile(dialect=dialect))
        names = compiled.positiontup
        assert names is not None, "both drivers take values by position"
        self.sql: Final = compiled.string
        self._names: Final = tuple(names)
        self._converts: Final[list[tuple[int, _Convert]]] = []
        for position, name in enumerate(names):
            convert = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                self._converts.append((position, convert))

    def positional(self, values: dict[str, Any]) -> tuple[Any, ...]:
        picked = [values[name] for name in self._names]
        for position, convert in self._converts:
            picked[position] = convert(picked[position])
        return tuple(picked)
