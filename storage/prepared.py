"""Statements that are compiled once for each database: for the few that every posting and every tap runs.

SQLAlchemy's own execution (cache key, context, result) takes longer than the driver's whole round trip. What is
kept is what it guarantees: types are converted, and errors are the same and reach the Tx.
"""

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Dialect,
    Select,
    String,
    TypeDecorator,
    UpdateBase,
    bindparam,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from storage.transaction import Tx

Statement: TypeAlias = Select[*tuple[Any, ...]] | UpdateBase
_Convert: TypeAlias = Callable[[Any], Any]


class Prepared:
    """A Core statement whose values are bound by name, and of which none is an expanding one (see Among)."""

    def __init__(self, statement: Statement) -> None:
        self._statement: Final = statement
        self._forms: dict[str, _Form] = {}

    def run(self, tx: Tx, **values: Any) -> list[tuple[Any, ...]]:
        """The rows; empty for a statement without any."""
        form = self._form(tx)
        return form.converted(tx.conn.run_prepared(form.sql, form.positional(values)))

    def run_set(self, tx: Tx, **values: Any) -> list[tuple[Any, ...]]:
        """The same for many rows that nobody will change: equal values of a column are converted once, and shared."""
        form = self._form(tx)
        return form.converted_once(tx.conn.run_prepared(form.sql, form.positional(values)))

    def run_many(self, tx: Tx, rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
        """An INSERT of rows with every column, in one round trip; what they return together."""
        if len(rows) == 1:
            return self.run(tx, **rows[0])
        return [tuple(row) for row in tx.conn.execute(self._statement, list(rows))]

    def _form(self, tx: Tx) -> "_Form":
        form = self._forms.get(tx.dialect)
        if form is None:
            form = self._forms[tx.dialect] = _Form(self._statement, tx.conn.dialect)
        return form


class _Form:
    """The statement in one database's SQL."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        names = compiled.positiontup
        assert names is not None, "both drivers take values by position"
        self.sql: Final = compiled.string
        self._names: Final = tuple(names)
        binds = [compiled.binds[name] for name in names]
        self._constants: Final = {
            name: bind.effective_value for name, bind in zip(names, binds, strict=True) if not bind.required
        }
        self._into: Final = _converters(
            [bind.type.dialect_impl(dialect).bind_processor(dialect) for bind in binds]
        )
        columns: list[ColumnElement[Any]] = list(statement.exported_columns)
        self._out: Final = _converters(
            [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        )

    def positional(self, values: dict[str, Any]) -> tuple[Any, ...]:
        given = {**self._constants, **values} if self._constants else values
        picked = [given[name] for name in self._names]
        for position, convert in self._into:
            picked[position] = convert(picked[position])
        return tuple(picked)

    def converted(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        if not self._out:
            return rows
        found = [list(row) for row in rows]
        for row in found:
            for position, convert in self._out:
                row[position] = convert(row[position])
        return [tuple(row) for row in found]

    def converted_once(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        if not self._out or not rows:
            return rows
        columns = list(zip(*rows, strict=True))
        for position, convert in self._out:
            values = columns[position]
            known = {value: convert(value) for value in set(values)}
            columns[position] = tuple([known[value] for value in values])
        return list(zip(*columns, strict=True))


def _converters(converts: Sequence[_Convert | None]) -> list[tuple[int, _Convert]]:
    """With their positions; most values are left as they are."""
    return [(position, convert) for position, convert in enumerate(converts) if convert is not None]


class _Several(TypeDecorator[Collection[Any]]):
    """Whole numbers or texts bound as one value: an array, on SQLite JSON."""

    impl = String
    cache_ok = True

    def __init__(self, element: type[BigInteger] | type[String]) -> None:
        super().__init__()
        self.element = element

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.element()) if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        several = list(value or ())
        return several if dialect.name == "postgresql" else json.dumps(several)


class Among(ColumnElement[bool]):
    """Whether a column is one of the numbers or texts bound under a name; the SQL is the same for however many."""

    # Without a type: to a Boolean, SQLAlchemy adds "= 1" on SQLite, which then uses no index for it.
    inherit_cache = False

    def __init__(self, column: Any, name: str) -> None:
        self.column: Final = column
        self.several: Final = bindparam(
            name, type_=_Several(String if isinstance(column.type, String) else BigInteger)
        )


@compiles(Among, "sqlite")
def _among_on_sqlite(among: Among, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, several = (compiler.process(each, **kwargs) for each in (among.column, among.several))
    return f"({column} IN (SELECT value FROM json_each({several})))"  # noqa: S608 (a column, a placeholder)


@compiles(Among, "postgresql")
def _among_on_postgresql(among: Among, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, several = (compiler.process(each, **kwargs) for each in (among.column, among.several))
    return f"({column} = ANY ({several}))"
