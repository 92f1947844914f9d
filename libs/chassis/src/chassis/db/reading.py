"""Statements of hot paths: written with SQLAlchemy, compiled once, run by the driver alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from psycopg.rows import namedtuple_row
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it unannotated


class _Compiled:
    """A statement with named values, compiled for the driver."""

    def __init__(self, statement: sa.ClauseElement, columns: Collection[str] | None = None) -> None:
        compiled = cast("SQLCompiler", statement.compile(dialect=_DIALECT, column_keys=columns))
        self._sql = str(compiled).encode()
        if b"POSTCOMPILE" in self._sql:
            raise ValueError("a compiled statement cannot bind a list; compare with any_() of an array")
        self._asked = {name for name, bind in compiled.binds.items() if bind.required}
        self._given = {name: value for name, value in compiled.params.items() if name not in self._asked}

    def _values(self, values: Mapping[str, object]) -> Mapping[str, object]:
        if values.keys() != self._asked:
            raise TypeError(f"the statement takes {sorted(self._asked)}, not {sorted(values)}")
        return {**self._given, **values} if self._given else values


class Read(_Compiled):
    """A select with named values. Its rows are named tuples of what the driver makes of PostgreSQL's types."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        """Take a statement whose values are bound one by one (no `in_` over a list, which has to be written anew each time)."""
        super().__init__(statement)

    def rows(self, driver: psycopg.Connection[Any], values: Mapping[str, object]) -> list[Any]:
        """Return the rows; `values` names every value that the statement leaves open."""
        with driver.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(self._sql, self._values(values), prepare=True).fetchall()


class Write(_Compiled):
    """An insert, update or delete with named values, inside a session's transaction. Errors are the driver's own."""

    def __init__(self, statement: sa.UpdateBase, columns: Collection[str] | None = None) -> None:
        """Take a statement; an insert of fewer than all `columns` of its table names them."""
        super().__init__(statement, columns)

    def run(self, session: Session, **values: object) -> int:
        """Flush what the session holds, run, and return how many rows were written."""
        session.flush()
        driver = cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)
        return driver.execute(self._sql, self._values(values), prepare=True).rowcount
