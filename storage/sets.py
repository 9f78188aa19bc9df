"""Many rows written by one statement: arrays and unnest on PostgreSQL, executemany on SQLite.

As in storage.prepared, SQLAlchemy's own execution is left out: for a thousand rows it takes longer than the database.
What is kept is what it guarantees: types are converted, and errors are the same and reach the Tx.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import JSON, Column, Dialect, Table

from storage.models import Base
from storage.transaction import Tx

Row = tuple[Any, ...]
_Convert = Callable[[Any], Any]


class _Columns:
    """Columns of one table and how their values go to one database."""

    def __init__(self, columns: Sequence["Column[Any]"], dialect: Dialect) -> None:
        self._into: Final = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
        self.arrays: Final = ", ".join(
            f"${position}::{_element(column, dialect)}[]" for position, column in enumerate(columns, 1)
        )
        self.values: Final = ", ".join(
            f'given."{column.name}"' + ("::json" if isinstance(column.type, JSON) else "")
            for column in columns
        )

    def by_column(self, rows: Sequence[Row]) -> list[Sequence[Any]]:
        return [
            values if convert is None else _converted(values, convert)
            for values, convert in zip(zip(*rows, strict=True), self._into, strict=True)
        ]


def _element(column: "Column[Any]", dialect: Dialect) -> str:
    return "TEXT" if isinstance(column.type, JSON) else column.type.compile(dialect)


def _converted(values: Sequence[Any], convert: _Convert) -> list[Any]:
    """Rows of one sweep share most of their dates and instants: each object is converted once."""
    # All values are held by the rows, so no two of them share an id.
    ids = list(map(id, values))
    known = {key: convert(value) for key, value in dict(zip(ids, values, strict=True)).items()}
    return list(map(known.__getitem__, ids))


class _Statement:
    """One statement in each database's SQL."""

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self.table: Final = table
        self.columns: Final = [table.c[name] for name in names]
        self.names: Final = [column.name for column in self.columns]
        self._forms: dict[str, tuple[str, _Columns]] = {}

    def run(self, tx: Tx, rows: Sequence[Row]) -> None:
        """Rows with a value for every column, in their order; none is fine."""
        if not rows:
            return
        form = self._forms.get(tx.dialect)
        if form is None:
            columns = _Columns(self.columns, tx.conn.dialect)
            sql = self.on_postgresql(columns) if tx.dialect == "postgresql" else self.on_sqlite()
            form = self._forms[tx.dialect] = sql, columns
        sql, columns = form
        by_column = columns.by_column(rows)
        if tx.dialect == "postgresql":
            tx.conn.run_prepared(sql, tuple(by_column))
        else:
            tx.conn.run_prepared_many(sql, list(zip(*by_column, strict=True)))

    def on_postgresql(self, columns: _Columns) -> str:
        raise NotImplementedError

    def on_sqlite(self) -> str:
        raise NotImplementedError

    def given(self, columns: _Columns) -> str:
        return f"unnest({columns.arrays}) AS given({_quoted(self.names)})"


class InsertSet(_Statement):
    """An INSERT of rows. `once`: rows whose key is taken change nothing.

    `sqlite`: columns with an SQL expression there, where PostgreSQL has a default of its own.
    """

    def __init__(
        self,
        model: type[Base],
        names: Iterable[str],
        *,
        once: bool = False,
        sqlite: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(_table(model), list(names))
        self._end = " ON CONFLICT DO NOTHING" if once else ""
        self._sqlite = sqlite or {}

    def on_postgresql(self, columns: _Columns) -> str:
        return (
            f"INSERT INTO {self.table.name} ({_quoted(self.names)})"  # noqa: S608 (names of the schema)
            f" SELECT {columns.values} FROM {self.given(columns)}{self._end}"
        )

    def on_sqlite(self) -> str:
        names = [*self.names, *self._sqlite]
        values = ", ".join([*("?" for _ in self.names), *self._sqlite.values()])
        return f"INSERT INTO {self.table.name} ({_quoted(names)}) VALUES ({values}){self._end}"  # noqa: S608


class UpdateSet(_Statement):
    """An UPDATE of rows by their key, each to values of its own."""

    def __init__(self, model: type[Base], key: Sequence[str], names: Iterable[str]) -> None:
        self._set = list(names)
        self._key = list(key)
        super().__init__(_table(model), [*self._set, *self._key])

    def on_postgresql(self, columns: _Columns) -> str:
        given = dict(zip(self.names, columns.values.split(", "), strict=True))
        changes = ", ".join(f'"{name}" = {given[name]}' for name in self._set)
        where = " AND ".join(f'changed."{name}" = {given[name]}' for name in self._key)
        return f"UPDATE {self.table.name} AS changed SET {changes} FROM {self.given(columns)} WHERE {where}"  # noqa: S608

    def on_sqlite(self) -> str:
        changes = ", ".join(f'"{name}" = ?' for name in self._set)
        where = " AND ".join(f'"{name}" = ?' for name in self._key)
        return f"UPDATE {self.table.name} SET {changes} WHERE {where}"  # noqa: S608


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _table(model: type[Base]) -> Table:
    assert isinstance(model.__table__, Table), "models are mapped to tables"
    return model.__table__
