"""The gateway's processes: web, consume, relay, jobs, migrate; and commands for those who run it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import TYPE_CHECKING

if sys.argv[1:2] == ["web"] and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    # Before anything makes a metric: workers count in files of one folder, new at every start.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="gateway-metrics-")

from chassis import db, settings, telemetry
from chassis.http import serve_health, stop_on_signals

from gateway import processes
from gateway.schema import MIGRATIONS, database
from gateway.settings import PREFIX, Settings

if TYPE_CHECKING:
    from gateway.identity.means import Means


def main(arguments: list[str] | None = None) -> int:
    """Run the process or command that `arguments` name."""
    asked = _parser().parse_args(arguments)
    chosen = settings.load(Settings, PREFIX)
    telemetry.configure("gateway", asked.command, chosen)
    match asked.command:
        case "web":
            processes.web(chosen)
        case "consume" | "relay" | "jobs":
            _serve(chosen, asked.command)
        case "migrate":
            db.migrate(chosen.database_url, MIGRATIONS)
        case "openapi":
            processes.print_openapi(chosen)
        case _:
            _command(chosen, asked)
    return 0


def _serve(chosen: Settings, process: str) -> None:
    stop, own = stop_on_signals(), database(chosen, process)
    health = serve_health(chosen.health_host, chosen.health_port, ready=own.ready)
    try:
        processes.LOOPS[process](chosen, own, stop)
    finally:
        health.close()
        own.close()


def _command(chosen: Settings, asked: argparse.Namespace) -> None:
    from gateway.identity.means import means_of

    means = means_of(chosen, database(chosen, asked.command))
    try:
        processes.say(_answer(means, asked))
    finally:
        means.db.close()


def _answer(means: Means, asked: argparse.Namespace) -> dict[str, object]:
    from dataclasses import asdict

    from gateway import demo
    from gateway.identity import keys, staff

    if asked.command == "keys":
        with means.db.transaction() as session:
            return {"current": keys.rotate(session, means.vault)}
    if asked.command == "demo":
        if not means.settings.demo:
            raise SystemExit("demo: GATEWAY_DEMO is not true; demo people have no place in a real deployment")
        return demo.seed(means)
    made = staff.create(
        means, username=asked.username, name=asked.name, roles=asked.role, areas=asked.area or [], office=asked.office, totp=True
    )
    return asdict(made)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gateway", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("web", "consume", "relay", "jobs", "migrate", "openapi", "demo"):
        commands.add_parser(name)
    commands.add_parser("keys").add_argument("action", choices=["rotate"])
    staff = commands.add_parser("staff")
    staff.add_argument("action", choices=["add"])
    staff.add_argument("username")
    staff.add_argument("--name", required=True)
    staff.add_argument("--role", action="append", required=True)
    staff.add_argument("--area", action="append")
    staff.add_argument("--office", default="")
    return parser


if __name__ == "__main__":
    sys.exit(main())
