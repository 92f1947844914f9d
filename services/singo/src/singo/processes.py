"""What each process does until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from chassis import telemetry
from chassis.db import Database
from chassis.http import serve_health, stop_on_signals

from singo import app
from singo.capability import Job
from singo.parts import Parts
from singo.settings import Settings

log = telemetry.logger(__name__)
SERVICE = "singo"


def run(process: str, settings: Settings) -> None:
    """Run a process with its database and its server of health and metrics."""
    telemetry.configure(SERVICE, process, settings)
    stop, at_work = stop_on_signals(), threading.Event()
    db = Database(settings.database_url, pool_size=settings.database_pool, application_name=f"{SERVICE}-{process}")
    health = serve_health(
        settings.health_host, settings.health_port, ready=lambda: at_work.is_set() and not stop.is_set() and db.ready()
    )
    log.info("started", health_port=health.port)
    try:
        BODIES[process](Parts(settings, db), stop, at_work)
    finally:
        health.close()
        db.close()


def _rpc(parts: Parts, stop: threading.Event, at_work: threading.Event) -> None:
    from chassis.principal import Verifier
    from chassis.rpc import KeySet, Server

    settings = parts.settings
    issuers = frozenset(part.strip() for part in settings.issuers.split(","))
    verifier = Verifier(KeySet(settings.jwks_url), audience=SERVICE, issuers=issuers)
    server = Server(app.served(parts), verifier, address=settings.rpc_address, threads=settings.rpc_threads)
    server.start()
    at_work.set()
    server.run(stop)


def _consume(parts: Parts, stop: threading.Event, at_work: threading.Event) -> None:
    from chassis import broker
    from chassis.consumer import Consumer

    at_work.set()
    Consumer(parts.db, broker.connect(parts.settings.event_bus_url), SERVICE, app.subscriptions(parts)).run(stop)


def _relay(parts: Parts, stop: threading.Event, at_work: threading.Event) -> None:
    from chassis import broker
    from chassis.relay import Relay

    at_work.set()
    Relay(parts.db, broker.connect(parts.settings.event_bus_url), source=f"/{SERVICE}").run(stop)


def _jobs(parts: Parts, stop: threading.Event, at_work: threading.Event) -> None:
    """Do what the clock moves, each job in a thread of its own."""
    threads = [threading.Thread(target=_repeat, args=(job, stop), name=job.name) for job in app.jobs(parts)]
    for thread in threads:
        thread.start()
    at_work.set()
    stop.wait()
    for thread in threads:
        thread.join(20)


def _repeat(job: Job, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            if done := job.work():
                log.info("job_done", job=job.name, done=done)
        except Exception:  # the next round tries again; what is wrong stands in the log
            log.exception("job_failed", job=job.name)
        stop.wait(job.every)


Body = Callable[[Parts, threading.Event, threading.Event], None]
BODIES: Mapping[str, Body] = {"rpc": _rpc, "consume": _consume, "relay": _relay, "jobs": _jobs}
