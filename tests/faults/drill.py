"""`make drill`: people do errands while parts of the platform fail; then the history is compared with what is there.

python tests/faults/drill.py [--bus postgresql|kafka] [--rounds N] [--only WORD]
"""

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import checks
from chassis import clock
from history import History, Tally, table
from nemesis import Nemesis
from network import Proxy
from people import Errands, Leaks, Letters, Money
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
        given[f"GATEWAY_{name.upper()}_TARGET"] = "127.0.0.1:{}".format(proxies[f"gateway–{name}"].address[1])

    def planned(platform: Platform) -> None:
        for name in ("singo", "twuin"):
            host, _, port = platform.services[name][f"{name.upper()}_RPC_ADDRESS"].rpartition(":")
            proxies[f"gateway–{name}"].target = (host, int(port))
        proxies["services–PostgreSQL"] = _before_database(platform)

    with started(bus, home / "local", given, planned) as running:
        yield running, Nemesis(running, folder, proxies)
    for proxy in proxies.values():
        proxy.close()


def _before_database(platform: Platform) -> Proxy:
    """Put a proxy between every service and its database; migrations and the drill itself go around it."""
    parts = urlsplit(platform.admin_url)
    if parts.hostname:
        proxy = Proxy(("127.0.0.1", 0), (parts.hostname, parts.port or 5432))
        old, new = f"{parts.hostname}:{parts.port}", f"127.0.0.1:{proxy.address[1]}"
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
    running: Any, nemesis: Nemesis, *, rounds: int, only: Collection[str] = (), say: Any = print
) -> tuple[dict[str, Tally], list[str]]:
    """Let each fault strike `rounds` times among people at work; return the table's rows and every broken rule."""
    history, stop, began = History(), threading.Event(), clock.now()
    people: list[Errands] = [Letters(running, history, stop) for _ in range(2)]
    people += [Money(running, history, stop, place) for place in (20, 21)]
    people += [Leaks(running, history, stop)]
    for each in people:
        each.start()
    history.until_more(BETWEEN)
    tallies: dict[str, Tally] = {}
    for name, strike in nemesis.faults().items():
        if only and name not in only:
            continue
        tally = tallies[name] = Tally()
        started_at, history.fault = time.monotonic(), name
        for _ in range(rounds):
            tally.hits += strike()
            tally.rounds += 1
            history.until_more(BETWEEN, seconds=120)
        say(f"  {name}: {tally.rounds} rounds in {time.monotonic() - started_at:.0f} s", flush=True)
    history.fault = "none"
    nemesis.recovered()
    history.until_more(BETWEEN)
    stop.set()
    for each in people:
        each.join(60)
    unsettled = checks.settled(running, history, began)
    return tallies, unsettled + _judged(running, nemesis, history, tallies, began)


def _judged(running: Any, nemesis: Nemesis, history: History, tallies: dict[str, Tally], began: Any) -> list[str]:
    lost, doubled = checks.verdict(running, history)
    for step in history.steps:
        if step.fault in tallies:
            tallies[step.fault].acknowledged += step.acknowledged
            tallies[step.fault].lost += step in lost
            tallies[step.fault].doubled += step in doubled
    broken = [f"lost: {step}" for step in lost] + [f"doubled: {step}" for step in doubled]
    return broken + checks.faults_of(running, history, began, nemesis.poison) + history.surprises


def main() -> int:
    """Run the drill on one bus or both, and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--bus", choices=BUSES, action="append")
    options.add_argument("--rounds", type=int, default=100)
    options.add_argument("--only", default="", help="faults whose name holds one of these words, separated by commas")
    asked = options.parse_args()
    failed = False
    for bus in asked.bus or BUSES:
        with tempfile.TemporaryDirectory(prefix="drill-") as home, ground(bus, Path(home)) as (running, nemesis):
            chosen = [name for name in nemesis.faults() if any(word in name for word in asked.only.split(","))]
            tallies, broken = drill(running, nemesis, rounds=asked.rounds, only=chosen)
            print(f"\nbus on {bus}\n{table(tallies)}\n")
        for each in broken:
            print(f"  ✗ {each}")
        failed |= bool(broken)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
