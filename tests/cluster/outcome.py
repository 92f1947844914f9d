"""What an action on the running platform cost those who used it meanwhile."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from deploy.cluster.kube import kubectl
from tests.cluster.load import Answer, Load


@dataclass
class Row:
    """An action, how long it took, and the requests of that time."""

    action: str
    seconds: float
    answers: list[Answer]

    @property
    def failed(self) -> list[Answer]:
        """Return the requests that were not answered as they should be."""
        return [each for each in self.answers if not 200 <= each.status < 300]


@dataclass
class Outcome:
    """Rows of a table, in the order of the actions."""

    rows: list[Row] = field(default_factory=list)

    @contextmanager
    def of(self, action: str, load: Load) -> Iterator[Row]:
        """Measure what happens inside the block and for 3 s after it."""
        began = time.monotonic()
        row = Row(action, 0, [])
        yield row
        time.sleep(3)
        row.seconds, row.answers = time.monotonic() - began, load.since(began)
        self.rows.append(row)

    def table(self) -> str:
        """Return the rows as Markdown."""
        lines = ["| action | seconds | requests | failed |", "|---|---|---|---|"]
        lines += [f"| {row.action} | {row.seconds:.0f} | {len(row.answers)} | {len(row.failed)} |" for row in self.rows]
        return "\n".join(lines)


def sql(database: str, statement: str) -> str:
    """Return what the local overlay's PostgreSQL answers."""
    return kubectl("exec", "postgres-0", "--", "psql", "-U", "postgres", "-d", database, "-At", "-c", statement).strip()


def caught_up(within: float) -> float:
    """Return the seconds until no fact waits to be sent; fail when that takes longer than `within`."""
    began = time.monotonic()
    while any(sql(each, "select count(*) from outbox where sent_at is null") != "0" for each in ("gateway", "singo", "twuin")):
        assert time.monotonic() - began < within, "facts still wait to be sent"
        time.sleep(0.5)
    return time.monotonic() - began


def lost_and_doubled(filed: list[str], within: float = 30) -> tuple[int, int]:
    """Return how many of the filed reports twuin never heard of, and how many it has twice, once it had time to hear."""
    wanted = ",".join(f"'{each}'" for each in filed)
    asked = f"select count(distinct complaint_id), count(*) from leak_reports where complaint_id::text in ({wanted})"
    until = time.monotonic() + within
    while True:
        known, rows = map(int, sql("twuin", asked).split("|"))
        if known == len(filed) or time.monotonic() > until:
            return len(filed) - known, rows - known
        time.sleep(0.5)
