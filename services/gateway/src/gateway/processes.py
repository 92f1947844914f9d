"""How the gateway's processes run."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping

import orjson
from chassis.db import Database
from chassis.http import serve_health

from gateway.settings import Settings

GROUP = "gateway"
SOURCE = "/malang/gateway"


def web(chosen: Settings) -> None:
    """Serve the portal with workers of their own; health and metrics stand in this parent process."""
    from granian import Granian
    from granian.constants import Interfaces

    own = Database(chosen.database_url, pool_size=1, application_name="gateway-health")
    health = serve_health(chosen.health_host, chosen.health_port, ready=own.ready)
    try:
        Granian(
            "gateway.wsgi:app", address=chosen.host, port=chosen.port, interface=Interfaces.WSGI, workers=chosen.workers,
            blocking_threads=chosen.threads, backlog=1024, respawn_failed_workers=True, workers_kill_timeout=20, websockets=False,
            log_access=False,
        ).serve()  # fmt: skip
    finally:
        health.close()
        own.close()


def consume(chosen: Settings, own: Database, stop: threading.Event) -> None:
    """Take facts in: notices and the access log."""
    from chassis import broker
    from chassis.consumer import Consumer

    from gateway.access_log import subscriptions as access_log
    from gateway.inbox import subscriptions as inbox

    Consumer(own, broker.connect(chosen.event_bus_url), GROUP, [*inbox.subscriptions(), *access_log.subscriptions()]).run(stop)


def relay(chosen: Settings, own: Database, stop: threading.Event) -> None:
    """Send facts out."""
    from chassis import broker
    from chassis.relay import Relay

    Relay(own, broker.connect(chosen.event_bus_url), source=SOURCE).run(stop)


def jobs(chosen: Settings, own: Database, stop: threading.Event) -> None:
    """Do what time moves."""
    from gateway import jobs as work
    from gateway.identity.means import means_of
    from gateway.messages import carriers_of

    work.run(means_of(chosen, own), carriers_of(chosen), stop)


LOOPS: Mapping[str, Callable[[Settings, Database, threading.Event], None]] = {"consume": consume, "relay": relay, "jobs": jobs}


def print_openapi(chosen: Settings) -> None:
    """Print the description of the API, from its code."""
    from gateway.app import create_app

    app = create_app(chosen)
    document = app.test_client().get("/api/v1/openapi.json")
    sys.stdout.buffer.write(document.data + b"\n")


def say(answer: Mapping[str, object]) -> None:
    """Print the answer of a command as one JSON object."""
    sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2) + b"\n")
