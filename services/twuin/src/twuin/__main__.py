"""`python -m twuin <process>`: rpc, consume, relay, jobs run until stopped; migrate and demo end by themselves."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

from chassis.settings import load

from twuin.settings import PREFIX, Settings


def _rpc(settings: Settings, _arguments: argparse.Namespace) -> None:
    from twuin import processes

    processes.rpc(settings)


def _consume(settings: Settings, _arguments: argparse.Namespace) -> None:
    from twuin import processes

    processes.consume(settings)


def _relay(settings: Settings, _arguments: argparse.Namespace) -> None:
    from twuin import processes

    processes.relay(settings)


def _jobs(settings: Settings, _arguments: argparse.Namespace) -> None:
    from twuin import processes

    processes.jobs(settings)


def _migrate(settings: Settings, _arguments: argparse.Namespace) -> None:
    from chassis import telemetry

    from twuin import app, tariffs

    telemetry.configure("twuin", "migrate", settings)
    try:
        app.prepare(settings)
    except tariffs.TariffFileWrong as wrong:
        raise SystemExit(f"tariffs: {wrong}") from wrong


def _demo(settings: Settings, arguments: argparse.Namespace) -> None:
    from chassis import telemetry

    from twuin import demo

    telemetry.configure("twuin", "demo", settings)
    json.dump(demo.run(settings, arguments.connections), sys.stdout)


PROCESSES: dict[str, Callable[[Settings, argparse.Namespace], None]] = {
    "rpc": _rpc, "consume": _consume, "relay": _relay, "jobs": _jobs, "migrate": _migrate, "demo": _demo,
}  # fmt: skip


def main() -> None:
    """Run the process that the command line names."""
    parser = argparse.ArgumentParser(prog="twuin", description=__doc__)
    parser.add_argument("process", choices=PROCESSES)
    parser.add_argument("--connections", type=int, default=60, help="demo: how many connections")
    arguments = parser.parse_args()
    PROCESSES[arguments.process](load(Settings, PREFIX), arguments)


if __name__ == "__main__":
    main()
