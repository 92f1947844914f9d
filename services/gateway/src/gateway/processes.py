"""The gateway's own process and commands, beside those that every service has."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import ssl
import threading
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chassis import telemetry
from chassis.process import Body, Command, Running, unforked
from chassis.settings import refuse

from gateway.settings import PREFIX, Settings

if TYPE_CHECKING:  # each process loads only what it needs
    from flask import Flask
    from granian.server.common import AbstractServer

    from gateway.identity.means import Means
    from gateway.pulse import Pulse

    Process = Running[Settings, Means]

log = telemetry.logger(__name__)


def web(running: Process) -> None:
    """Serve the portal with workers of their own; health and metrics stand in this parent process."""
    from granian import Granian
    from granian.constants import Interfaces

    from gateway.edge.shedding import REFUSING
    from gateway.pulse import Pulse

    chosen, pulse = running.settings, Pulse(running.settings.worker_patience)
    server = Granian(
        "gateway.wsgi:worker", address=chosen.host, port=chosen.port, interface=Interfaces.WSGI, workers=chosen.workers,
        blocking_threads=chosen.threads + chosen.queue + REFUSING, backlog=1024, respawn_failed_workers=True, workers_kill_timeout=20, websockets=False,
        log_access=False, **_tls(chosen),
    )  # fmt: skip
    threading.Thread(target=_watch, args=(running, server, pulse), daemon=True).start()
    try:
        server.serve(target_loader=partial(_worker, pulse.port), wrap_loader=False)  # it handles signals itself
    finally:
        running.stop.set()


def _worker(pulse: int) -> Flask:
    from gateway.wsgi import worker  # only there: what calls services has threads, and this process forks

    return worker(pulse)


def _tls(chosen: Settings) -> dict[str, Any]:
    """Return what the server answers over TLS with, nothing where it answers over plain HTTP."""
    from granian.constants import SSLProtocols

    if not chosen.tls_cert and not chosen.tls_key:
        return {}
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chosen.tls_cert, chosen.tls_key)
    except OSError as wrong:  # those of the library are, too
        refuse(f"{PREFIX}TLS_CERT or {PREFIX}TLS_KEY is wrong: {wrong}")
    return {"ssl_cert": Path(chosen.tls_cert), "ssl_key": Path(chosen.tls_key), "ssl_protocol_min": SSLProtocols.tls12}


def _watch(running: Process, server: AbstractServer[Any], pulse: Pulse) -> None:
    """Say that the process is at work once a worker answers; then see whether one hangs or the certificate changes."""
    from gateway.pulse import EVERY

    chosen = running.settings
    seen = _stamps(chosen)
    while not running.at_work.is_set() and not running.stop.is_set():
        with unforked:
            answers = _answers(chosen)
        if answers:
            running.at_work.set()
        running.stop.wait(0.1)
    while not running.stop.wait(EVERY):
        workers = {each.inner.pid: each.inner for each in list(server.wrks)}
        for pid in pulse.look(workers):
            log.error("worker_hung", worker=pid)
            workers[pid].kill()  # the server sees it go and starts another
        try:
            if (now := _stamps(chosen)) != seen:
                _renew(server, chosen)
                seen = now
        except OSError as wrong:  # half-way through a change, or a bad one: the next look tells
            log.warning("certificate_not_read", reason=str(wrong))


def _stamps(chosen: Settings) -> list[int]:
    return [Path(each).stat().st_mtime_ns for each in (chosen.tls_cert, chosen.tls_key) if each]


def _renew(server: AbstractServer[Any], chosen: Settings) -> None:
    """Let workers with the new certificate take over, one after the other; OSError when certificate and key do not fit."""
    from granian.constants import SSLProtocols

    # The server remembers where links pointed when it started, and a mounted secret is a link to a folder that goes.
    server.build_ssl_context(Path(chosen.tls_cert), Path(chosen.tls_key), None, SSLProtocols.tls12, None, [], client_verify=False)
    log.info("certificate_renewed")
    os.kill(os.getpid(), signal.SIGHUP)


def _answers(chosen: Settings) -> bool:
    if chosen.tls_cert:
        itself = ssl.create_default_context()
        itself.check_hostname, itself.verify_mode = False, ssl.CERT_NONE  # the certificate names what others call it
        asked: http.client.HTTPConnection = http.client.HTTPSConnection(chosen.host, chosen.port, timeout=2, context=itself)
    else:
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
