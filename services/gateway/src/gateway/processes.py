"""The gateway's own process and commands, beside those that every service has."""

from __future__ import annotations

import argparse
import http.client
import json
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING

from chassis.process import Body, Command, Running

from gateway.settings import Settings

if TYPE_CHECKING:  # each process loads only what it needs
    from gateway.identity.means import Means

    Process = Running[Settings, Means]


def web(running: Process) -> None:
    """Serve the portal with workers of their own; health and metrics stand in this parent process."""
    from granian import Granian
    from granian.constants import Interfaces

    from gateway.edge.shedding import REFUSING

    chosen = running.settings
    server = Granian(
        "gateway.wsgi:worker", factory=True, address=chosen.host, port=chosen.port, interface=Interfaces.WSGI, workers=chosen.workers,
        blocking_threads=chosen.threads + chosen.queue + REFUSING, backlog=1024, respawn_failed_workers=True, workers_kill_timeout=20, websockets=False,
        log_access=False,
    )  # fmt: skip
    threading.Thread(target=_watch, args=(running,), daemon=True).start()
    try:
        server.serve()  # it handles signals itself
    finally:
        running.stop.set()


def _watch(running: Process) -> None:
    """Say that the process is at work once a worker answers."""
    while not running.at_work.is_set() and not running.stop.is_set():
        if _answers(running.settings):
            running.at_work.set()
        running.stop.wait(0.1)


def _answers(chosen: Settings) -> bool:
    asked = http.client.HTTPConnection(chosen.host, chosen.port, timeout=2)
    try:
        asked.request("GET", "/.well-known/jwks.json")
        return asked.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


def _openapi(running: Process, _asked: argparse.Namespace) -> object:
    from gateway.wsgi import create_app

    return json.loads(create_app(running.settings, means=running.parts).test_client().get("/api/v1/openapi.json").data)


def _demo(running: Process, _asked: argparse.Namespace) -> object:
    from gateway import demo

    if not running.settings.demo:
        raise SystemExit("demo: GATEWAY_DEMO is not true; demo people have no place in a real deployment")
    return demo.seed(running.parts)


def _keys(running: Process, _asked: argparse.Namespace) -> object:
    from gateway.identity import keys

    with running.db.transaction() as session:
        return {"current": keys.rotate(session, running.parts.vault)}


def _staff(running: Process, asked: argparse.Namespace) -> object:
    from gateway.identity import staff

    made = staff.create(
        running.parts,
        username=asked.username,
        name=asked.name,
        roles=asked.role,
        areas=asked.area or [],
        office=asked.office,
        totp=True,
    )
    return asdict(made)


def _staff_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["add"])
    parser.add_argument("username")
    parser.add_argument("--name", required=True)
    parser.add_argument("--role", action="append", required=True)
    parser.add_argument("--area", action="append")
    parser.add_argument("--office", default="")


BODIES = {"web": Body("serve the portal and the API", web)}
COMMANDS = {
    "openapi": Command("print the OpenAPI document of the API", _openapi),
    "demo": Command("make demo citizens and staff once", _demo),
    "keys": Command("rotate the keys that sign tokens", _keys, lambda parser: parser.add_argument("action", choices=["rotate"])),
    "staff": Command("add a member of staff", _staff, _staff_arguments),
}
