"""What each subcommand runs until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

from chassis import telemetry
from chassis.db import Database
from chassis.http import serve_health, stop_on_signals

from twuin import app
from twuin.capability import Job, Parts
from twuin.settings import Settings

log = telemetry.logger(__name__)
_Body = Callable[[Settings, Database, threading.Event], None]


def _supervised(process: str, settings: Settings, body: _Body) -> None:
    """Run `body` with a database and the health server of its process."""
    telemetry.configure("twuin", process, settings)
    stop = stop_on_signals()
    db = app.database(settings, process)
    health = serve_health(settings.health_host, settings.health_port, ready=lambda: not stop.is_set() and db.ready())
    log.info("started", process=process, health_port=health.port)
    try:
        body(settings, db, stop)
    finally:
        health.close()
        db.close()


def rpc(settings: Settings) -> None:
    """Serve gRPC."""

    def body(settings: Settings, db: Database, stop: threading.Event) -> None:
        from chassis.principal import Verifier
        from chassis.rpc import KeySet, Server

        issuers = frozenset(part.strip() for part in settings.issuers.split(","))
        verifier = Verifier(KeySet(settings.jwks_url), audience="twuin", issuers=issuers)
        served = app.served(Parts(settings, db))
        server = Server(served, verifier, address=settings.rpc_address, threads=settings.rpc_threads)
        server.start()
        server.run(stop)

    _supervised("rpc", settings, body)


def consume(settings: Settings) -> None:
    """Take in facts."""

    def body(settings: Settings, db: Database, stop: threading.Event) -> None:
        parts = Parts(settings, db)
        subscriptions = [each for capability in app.CAPABILITIES for each in capability.subscriptions(parts)]
        if not subscriptions:  # stands by, so that one supervisor's list fits every service
            stop.wait()
            return
        from chassis import broker
        from chassis.consumer import Consumer

        Consumer(db, broker.connect(settings.event_bus_url), "twuin", subscriptions).run(stop)

    _supervised("consume", settings, body)


def relay(settings: Settings) -> None:
    """Send facts out."""

    def body(settings: Settings, db: Database, stop: threading.Event) -> None:
        from chassis import broker
        from chassis.relay import Relay

        Relay(db, broker.connect(settings.event_bus_url), source="twuin").run(stop)

    _supervised("relay", settings, body)


def jobs(settings: Settings) -> None:
    """Do what the clock moves, each job in a thread of its own."""

    def body(settings: Settings, db: Database, stop: threading.Event) -> None:
        threads = [threading.Thread(target=_repeat, args=(job, stop), name=job.name) for job in app.jobs(Parts(settings, db))]
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join(20)

    _supervised("jobs", settings, body)


def _repeat(job: Job, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            job.work(stop)
        except Exception:
            # The next round tries again; what is wrong shows in the log and in what the job leaves undone.
            log.exception("job_failed", job=job.name)
        stop.wait(job.every)
