"""`make bench`: every benchmark in turn, one table. Names choose some: B1, B2, B3, B8, relay, overload."""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import multiprocessing.connection
import sys
import time
import traceback

import measured
from measured import Outcome

# Each is a module with measure() and runs alone too: python benchmarks/<module>.py --help
MODULES = {"B1": "signed_in", "B2": "complaints", "B3": "billing", "B8": "letters", "relay": "relay", "overload": "overload"}


def main() -> int:
    """Print the table. A missed goal is shown and is no failure of the run; a benchmark that breaks is one."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("names", nargs="*", metavar="name", help=f"which ones: {', '.join(MODULES)}; all by default")
    asked = options.parse_args().names or list(MODULES)
    if unknown := [name for name in asked if name not in MODULES]:
        options.error(f"there is no benchmark {unknown[0]}; there are {', '.join(MODULES)}")
    before = measured.machine()
    outcomes, broken = [], 0
    for name in asked:
        print(f"· {name} … ", end="", flush=True, file=sys.stderr)
        began, load = time.monotonic(), measured.load()
        found = _apart(MODULES[name])
        broken += not found
        outcomes += found or [Outcome(name, "did not finish; see above", "–")]
        print(f"{time.monotonic() - began:.0f} s, load average before {load}", file=sys.stderr)
    print(f"\n{before} before the first one\n")
    measured.show(outcomes)
    return 1 if broken else 0


def _apart(module: str) -> list[Outcome]:
    """Run one in a process of its own, so that none inherits another's memory, threads or metrics; empty when it breaks."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(module, theirs))
    child.start()
    theirs.close()
    try:
        found: list[Outcome] = ours.recv()
    except EOFError:
        found = []
    child.join()
    return found


def _measure(module: str, answer: multiprocessing.connection.Connection) -> None:
    measured.quiet()
    try:
        answer.send(importlib.import_module(module).measure())
    except (Exception, SystemExit):  # noqa: BLE001 - the others still run
        traceback.print_exc()


if __name__ == "__main__":
    raise SystemExit(main())
