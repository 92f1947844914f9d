"""`make drill`: people do errands while parts of the platform fail; then the history is compared with what is there.

python tests/faults/drill.py [--bus postgresql|kafka] [--rounds N] [--minutes N] [--only WORD,WORD]
"""

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import checks
from chassis import clock
from chassis.testing.servers import engine_answers
from errands import Leaks, Letters, Money, Moving
from history import History, Tally, table
from nemesis import IN_TURN, Nemesis
from network import Proxy
from people import Errands
from running import BUSES, started

from deploy.local.programs import Platform

BETWEEN = 6  # steps that people do after a fault before the next one
SETTINGS = {
    "SINGO_SIGNING_LEASE_SECONDS": "5", "SINGO_JOB_INTERVAL_SECONDS": "1", "GATEWAY_UPSTREAM_TIMEOUT": "5",
}  # fmt: skip


@contextlib.contextmanager
def ground(bus: str, home: Path) -> Iterator[tuple[Any, Nemesis]]:
    """Start a platform with a proxy between each two parts, and the nemesis that knows them."""
    folder = home / "faults"
    folder.mkdir(parents=True)
    proxies = {f"gateway–{name}": Proxy(("127.0.0.1", 0)) for name in ("singo", "twuin")}
    given = SETTINGS | {"FAULTS_DIR": str(folder)}
    for name in ("singo", "twuin"):
        given[f"GATEWAY_{name.upper()}_TARGET"] = proxies[f"gateway–{name}"].place
    if bus == "kafka":
        proxies["services–Kafka"] = Proxy(("127.0.0.1", 0))
        given["EVENT_BUS_URL"] = "kafka://" + proxies["services–Kafka"].place

    def planned(platform: Platform, containers: Mapping[str, Any]) -> None:
        for name in ("singo", "twuin"):
            host, _, port = platform.services[name][f"{name.upper()}_RPC_ADDRESS"].rpartition(":")
            proxies[f"gateway–{name}"].target = (host, int(port))
        proxies["services–PostgreSQL"] = _before_database(platform)
        if bus == "kafka":
            proxies["services–Kafka"].target = ("127.0.0.1", containers["kafka"].port_outside)

    with started(bus, home / "local", given, planned) as running:
        yield running, Nemesis(running, folder, proxies)
    for proxy in proxies.values():
        proxy.close()


def _before_database(platform: Platform) -> Proxy:
    """Put a proxy between every service and its database; migrations and the drill itself go around it."""
    parts = urlsplit(platform.admin_url)
    if parts.hostname:
        proxy = Proxy(("127.0.0.1", 0), (parts.hostname, parts.port or 5432))
        old, new = f"{parts.hostname}:{parts.port}", proxy.place
    else:
        there = unquote(parts.query.partition("host=")[2])
        here = Path(tempfile.mkdtemp(prefix="cut-"))
        proxy = Proxy(str(here / ".s.PGSQL.5432"), f"{there}/.s.PGSQL.5432")
        old, new = quote(there, safe=""), quote(str(here), safe="")
    platform.programs = [
        replace(program, environment={**program.environment, "DATABASE_URL": program.environment["DATABASE_URL"].replace(old, new)})
        if "DATABASE_URL" in program.environment
        else program
        for program in platform.programs
    ]
    return proxy


def drill(
    running: Any,
    nemesis: Nemesis,
    *,
    rounds: Callable[[str], int],
    only: Collection[str] = (),
    seconds: float = float("inf"),
    say: Any = print,
) -> tuple[dict[str, Tally], list[str]]:
    """Let each fault strike `rounds` of its name times among people at work, in turn; return the table's rows and every broken rule.

    No round begins after so many seconds.
    """
    history, stop, began, end = History(), threading.Event(), clock.now(), time.monotonic() + seconds
    people: list[Errands] = [Letters(running, history, stop) for _ in range(3)]
    people += [Money(running, history, stop, place) for place in (20, 21)]
    people += [Leaks(running, history, stop), Moving(running, history, stop)]
    for each in people:
        each.start()
    history.until_more(BETWEEN)
    faults = {name: strike for name, strike in nemesis.faults().items() if not only or name in only}
    tallies = {name: Tally() for name in faults}
    for turn in range(max(map(rounds, faults))):
        for name in (each for each in faults if turn < rounds(each) and time.monotonic() < end):
            _round(history, name, faults[name], tallies[name])
        if turn % 10 == 0 and time.monotonic() < end:
            say(f"  after turn {turn + 1}: {sum(tally.rounds for tally in tallies.values())} rounds", flush=True)
    history.fault = "none"
    nemesis.recovered()
    history.until_more(BETWEEN)
    stop.set()
    for each in people:
        each.join(60)
    done = Counter(step.kind for step in history.steps if step.acknowledged)
    say("  acknowledged: " + ", ".join(f"{kind} {count}" for kind, count in done.most_common()), flush=True)
    unsettled = checks.settled(running, history, began)
    return tallies, unsettled + _judged(running, nemesis, history, tallies, began)


def _round(history: History, name: str, strike: Callable[[], int], tally: Tally) -> None:
    history.fault, began = name, time.monotonic()
    tally.rounds += 1
    try:
        tally.hits += strike()
    except (Exception, SystemExit) as wrong:  # noqa: BLE001 - a long drill goes on and reports it
        history.surprise(f"the fault itself: {type(wrong).__name__}: {wrong}")
    history.until_more(BETWEEN)
    tally.seconds += time.monotonic() - began


def _judged(running: Any, nemesis: Nemesis, history: History, tallies: dict[str, Tally], began: Any) -> list[str]:
    lost, doubled = checks.verdict(running, history)
    for step in history.steps:
        if step.fault in tallies:
            tallies[step.fault].acknowledged += step.acknowledged
            tallies[step.fault].lost += step in lost
            tallies[step.fault].doubled += step in doubled
    broken = [f"lost: {step}" for step in lost] + [f"doubled: {step}" for step in doubled]
    return broken + checks.faults_of(running, history, began, nemesis.poison) + history.surprises


def long(rounds: int, processes: int) -> Callable[[str], int]:
    """Return how often a fault strikes: `rounds` at a crash point, a tenth elsewhere, and each process has its turn."""

    def of(name: str) -> int:
        if name.startswith("crash: "):
            return rounds
        return max(1, rounds // 10, processes if name in IN_TURN else 0)

    return of


def main() -> int:
    """Run the drill on one bus or both, and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--bus", choices=BUSES, action="append", help="one bus; both where none is named")
    options.add_argument(
        "--rounds", type=int, default=100,
        help="of each crash point (100); the other faults strike a tenth as often, those that take processes in turn once each at least",
    )  # fmt: skip
    options.add_argument("--minutes", type=float, default=float("inf"), help="after which no round begins any more")
    options.add_argument("--only", default="", help="faults whose name holds one of these words, separated by commas")
    asked = options.parse_args()
    failed = False
    for bus in asked.bus or BUSES:
        if bus == "kafka" and not engine_answers():
            print("bus on kafka: not drilled, for no container engine answers on this machine")
            continue
        with tempfile.TemporaryDirectory(prefix="drill-") as home, ground(bus, Path(home)) as (running, nemesis):
            chosen = [name for name in nemesis.faults() if any(word in name for word in asked.only.split(","))]
            began = time.monotonic()
            tallies, broken = drill(
                running, nemesis, rounds=long(asked.rounds, len(nemesis.mortal)), only=chosen, seconds=asked.minutes * 60
            )
            print(f"\nbus on {bus}, {(time.monotonic() - began) / 60:.0f} min\n{table(tallies)}\n")
        for each in broken:
            print(f"  ✗ {each}")
        failed |= bool(broken)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
