"""One PostgreSQL database of a process: a bounded pool, and transactions that end with their call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from prometheus_client import Gauge
from psycopg.pq import TransactionStatus
from sqlalchemy.orm import Session

from chassis import telemetry
from chassis.db.reading import Read

# Each worker by itself: the pool of their parent, which hardly uses it, would make theirs look emptier than they are.
IN_USE = Gauge("database_connections_in_use", "Connections inside a transaction", ["application"], multiprocess_mode="liveall")
POOL = Gauge("database_pool_size", "Connections that a process may open", ["application"], multiprocess_mode="liveall")


_NEARLY = 0.9  # of the usual time limit: not worth a setting of its own


def dsn(url: str) -> str:
    """Return `url` as libpq reads it, without a driver's name in the scheme."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.split('+')[0].replace('postgres:', 'postgresql:')}://{rest}"


class Database:
    """A pool of connections to `url` (postgresql://…); timeouts in milliseconds."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        application_name: str,
        statement_timeout_ms: int = 5000,
        lock_timeout_ms: int = 2000,
    ) -> None:
        """Open nothing yet; the first transaction connects."""
        self.url, self.pool_size = dsn(url), pool_size
        self._statement_timeout_ms = statement_timeout_ms
        options = f"-c statement_timeout={statement_timeout_ms} -c lock_timeout={lock_timeout_ms}"
        self.engine = sa.create_engine(
            "postgresql+psycopg" + self.url.removeprefix("postgresql"),
            # The driver must not begin by itself: transaction() sends BEGIN together with the call's time limit, in one round trip.
            isolation_level="AUTOCOMMIT",
            # What a statement carried may be personal data: errors name the statement, not its values.
            hide_parameters=True,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=min(5.0, statement_timeout_ms / 1000),
            connect_args={
                "application_name": application_name,
                "connect_timeout": 3,
                "options": f"{options} -c idle_in_transaction_session_timeout=60000 -c timezone=UTC",
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 15_000,
            },
        )
        sa.event.listen(self.engine, "begin", _ensure_begun)
        POOL.labels(application_name).set(pool_size)
        self._in_use = IN_USE.labels(application_name)

    @contextmanager
    def transaction(self, *, readonly: bool = False) -> Iterator[Session]:
        """Yield a session; commit at the end of the block, roll back when it raises. Statements stop when the call's time is over."""
        connection = self._begun(self._begin(readonly=readonly))
        self._in_use.inc()
        try:
            with Session(bind=connection, expire_on_commit=False) as session:
                yield session
                session.commit()
        finally:
            self._in_use.dec()
            connection.close()

    def read(self, statement: Read, **values: object) -> list[Any]:
        """Return the rows of one statement: a single round trip, without a transaction, while the call has its usual time left."""
        if self._limit() is not None:
            with self.transaction(readonly=True) as session:
                return statement.rows(_driver(session.connection()), values)
        self._in_use.inc()
        try:
            return self._read(statement, values)
        finally:
            self._in_use.dec()

    def _read(self, statement: Read, values: Mapping[str, object]) -> list[Any]:
        for _ in range(self.pool_size):
            pooled = self.engine.raw_connection()
            driver = cast("psycopg.Connection[Any]", pooled.driver_connection)
            try:
                return statement.rows(driver, values)
            except psycopg.Error as gone:
                if not driver.closed:  # the statement failed, not the connection
                    raise
                pooled.invalidate(gone)
            finally:
                pooled.close()
        # Every pooled connection was dead: what a fresh one says is the answer.
        with self.transaction(readonly=True) as session:
            return statement.rows(_driver(session.connection()), values)

    def ready(self) -> bool:
        """Tell whether the database answers."""
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("select 1")
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Close every idle connection."""
        self.engine.dispose()

    def _begin(self, *, readonly: bool) -> str:
        begin, limit = "begin read only" if readonly else "begin", self._limit()
        return begin if limit is None else f"{begin}; set local statement_timeout = {limit}"

    def _limit(self) -> int | None:
        """Return the milliseconds that a statement of the present call may take, None for the usual limit or nearly that."""
        left = telemetry.remaining()
        if left is None or left * 1000 >= _NEARLY * self._statement_timeout_ms:
            return None
        return max(1, int(left * 1000))

    def _begun(self, begin: str) -> sa.Connection:
        """Return a connection in a transaction. Nothing was done on it yet, so connections that died in the pool are just replaced."""
        for _ in range(self.pool_size):
            connection = self.engine.connect()
            driver = _driver(connection)
            try:
                driver.execute(begin.encode(), prepare=False)
            except BaseException as gone:
                # A session that the server ended may say so by an error of any class, as for idling in a transaction.
                dead = isinstance(gone, psycopg.OperationalError) or (isinstance(gone, psycopg.Error) and driver.closed)
                if dead:
                    connection.invalidate(gone)
                connection.close()
                if not dead:
                    raise
            else:
                return connection
        # Every pooled connection was dead: what a fresh one says is the answer.
        connection = self.engine.connect()
        connection.begin()
        return connection


def _driver(connection: sa.Connection) -> psycopg.Connection[object]:
    return cast("psycopg.Connection[object]", connection.connection.driver_connection)


def _ensure_begun(connection: sa.Connection) -> None:
    driver = _driver(connection)
    if driver.info.transaction_status == TransactionStatus.IDLE:
        driver.execute("begin", prepare=False)
