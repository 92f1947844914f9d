"""Statements of hot reads: written with SQLAlchemy, compiled once, run by the driver alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.rows import namedtuple_row
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it unannotated


class Read:
    """A select with named values. Its rows are named tuples of what the driver makes of PostgreSQL's types."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        """Take a statement whose values are bound one by one (no `in_` over a list, which has to be written anew each time)."""
        compiled = statement.compile(dialect=_DIALECT)
        self._sql = str(compiled).encode()
        if b"POSTCOMPILE" in self._sql:
            raise ValueError("a read cannot bind a list; compare with any_() of an array")
        self._given = {name: value for name, value in compiled.params.items() if value is not None}
        self._asked = frozenset(compiled.params) - frozenset(self._given)

    def rows(self, driver: psycopg.Connection[Any], values: Mapping[str, object]) -> list[Any]:
        """Return the rows; `values` names every value that the statement leaves open."""
        if values.keys() != self._asked:
            raise TypeError(f"the read takes {sorted(self._asked)}, not {sorted(values)}")
        with driver.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(self._sql, {**self._given, **values}, prepare=True).fetchall()
