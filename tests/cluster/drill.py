"""Which alert fired for which fault, how soon, and how soon it was over when the fault was."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.cluster.prometheus import Prometheus

QUIET = 420  # seconds that what an earlier fault raised may take to be over


@dataclass(frozen=True)
class Row:
    """An alert and its fault; instants are seconds of the epoch."""

    alert: str
    fault: str
    began: float
    fired: float
    ended: float


@dataclass
class Drill:
    """Faults one after the other, under the eyes of a Prometheus."""

    prometheus: Prometheus
    rows: list[Row] = field(default_factory=list)

    def fires(
        self, fault: str, cause: AbstractContextManager[object], *, after: dict[str, float] | None = None, **within: float
    ) -> None:
        """Begin a fault, wait until each alert fires (seconds by name), end it; those of `after` fire by what comes then."""
        late = after or {}
        self.until_silent({*within, *late}, QUIET)
        began = time.time()
        with cause:
            fired = {alert: self._fires(alert, seconds) for alert, seconds in within.items()}
            ended = time.time()
        fired |= {alert: self._fires(alert, seconds) for alert, seconds in late.items()}
        found = [Row(alert, fault, began, at, ended) for alert, at in fired.items()]
        print("\n" + "\n".join(f"{row.alert} fired {row.fired - row.began:.0f} s after: {row.fault}" for row in found), flush=True)
        self.rows += found

    def until_silent(self, alerts: set[str], seconds: float) -> None:
        """Return when none of these alerts fires; fail when that takes longer."""
        until = time.monotonic() + seconds
        while loud := alerts & self.prometheus.firing():
            assert time.monotonic() < until, f"still firing after {seconds:.0f} s: {sorted(loud)}"
            time.sleep(1)

    def table(self) -> str:
        """Return the rows as Markdown."""
        lines = ["| alert | fault | seconds until firing | seconds until over, after the fault |", "|---|---|---|---|"]
        lines += [f"| {row.alert} | {row.fault} | {row.fired - row.began:.0f} | {self._over(row)} |" for row in self.rows]
        return "\n".join(lines)

    def _fires(self, alert: str, seconds: float) -> float:
        until = time.monotonic() + seconds
        while alert not in (loud := self.prometheus.firing()):
            assert time.monotonic() < until, f"{alert} does not fire within {seconds:.0f} s; {sorted(loud)} do"
            time.sleep(0.5)
        return time.time()

    def _over(self, row: Row) -> str:
        now, last = time.time(), max(self.prometheus.fired(row.alert, row.ended), default=row.ended)
        return f"more than {now - row.ended:.0f}" if now - last < 5 else f"{max(0.0, last - row.ended):.0f}"
