"""The frame of a service's processes: what each needs before it works, while it works, and when it is told to stop."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson
import psycopg
import sqlalchemy as sa
from prometheus_client import Counter, Gauge

from chassis import clock, faults, telemetry
from chassis.db import Database, heartbeat, migrate
from chassis.http import serve_health, stop_on_signals
from chassis.settings import Common, Serving, load, refuse

if TYPE_CHECKING:  # a process that serves no calls or takes no facts need not load what does
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from chassis.consumer import Subscription
    from chassis.outbox import Again
    from chassis.rpc import Served

S = TypeVar("S", bound=Common)
P = TypeVar("P")
_RESTATED = 500  # facts of one transaction
_PATIENCE = 20.0  # seconds: the longest pause after failures, and how long jobs may take to end
_PARTING = 1.0  # seconds in which a process that stops says so
_AWAY = (sa.exc.SQLAlchemyError, psycopg.Error)
_SENTENCE = 300  # characters that are kept of what went wrong

# Not "job": Prometheus gives that label to what it scrapes.
RUNS = Counter("job_runs_total", "Rounds of jobs", ["name", "outcome"])
DONE_AT = Gauge("job_last_success_timestamp_seconds", "When a job last ended well", ["name"], multiprocess_mode="livemax")
EVERY = Gauge("job_interval_seconds", "Pause between two rounds of a job", ["name"], multiprocess_mode="livemax")
BUILD = Gauge("build_info", "What a process was built from", ["version", "revision"], multiprocess_mode="livemax")

# Held by a thread while it asks the database, and by whoever forks: in a child that was made while a thread looked up a name,
# glibc's lock on names stays taken, and nobody there ever finds a name again.
unforked = threading.RLock()
os.register_at_fork(before=unforked.acquire, after_in_parent=unforked.release, after_in_child=unforked.release)

log = telemetry.logger(__name__)


def _nothing(_parts: Any) -> Sequence[Any]:
    return ()


@dataclass(frozen=True, slots=True)
class Job:
    """Work that the clock moves: `work(stop)` every `every` seconds; it opens its own transactions and may return how much it did."""

    name: str
    every: float
    work: Callable[[threading.Event], object]


@dataclass(frozen=True, slots=True)
class Capability(Generic[P]):
    """A capability's gRPC services, the facts it reacts to and its jobs, each made in the process that needs it."""

    name: str
    served: Callable[[P], Sequence[Served]] = _nothing
    subscriptions: Callable[[P], Sequence[Subscription]] = _nothing
    jobs: Callable[[P], Sequence[Job]] = _nothing
    state: Callable[[P, Session], Iterable[Again]] | None = None  # the facts that make up the present state of what it owns


@dataclass(frozen=True, slots=True)
class Command(Generic[S, P]):
    """A subcommand that ends by itself; what it returns goes to standard output as one JSON value."""

    help: str
    run: Callable[[Running[S, P], argparse.Namespace], object]
    arguments: Callable[[argparse.ArgumentParser], object] = lambda _parser: None


@dataclass(frozen=True, slots=True)
class Body(Generic[S, P]):
    """A subcommand that works until it is told to stop."""

    help: str
    run: Callable[[Running[S, P]], None]


@dataclass(frozen=True, slots=True)
class Service(Generic[S, P]):
    """What makes up a service. `parts` is what its capabilities are put together from; `prepare` follows a migration.

    `bodies` and `commands` are those of its own beside what every service has.
    """

    name: str
    settings: type[S]
    migrations: Path
    parts: Callable[[S, Database], P]
    capabilities: Sequence[Capability[P]]
    prepare: Callable[[P], object] | None = None
    bodies: Mapping[str, Body[S, P]] = field(default_factory=dict)
    commands: Mapping[str, Command[S, P]] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """Return what the variables of its settings begin with."""
        return f"{self.name.upper()}_"

    def served(self, parts: P) -> list[Served]:
        """Return every gRPC service."""
        return [each for capability in self.capabilities for each in capability.served(parts)]

    def subscriptions(self, parts: P) -> list[Subscription]:
        """Return every fact that the service reacts to."""
        return [each for capability in self.capabilities for each in capability.subscriptions(parts)]

    def jobs(self, parts: P) -> list[Job]:
        """Return every job."""
        return [each for capability in self.capabilities for each in capability.jobs(parts)]


@dataclass
class Running(Generic[S, P]):
    """One process: it is ready between the moment it sets `at_work` and the moment `stop` is set."""

    service: Service[S, P]
    settings: S
    db: Database
    stop: threading.Event = field(default_factory=threading.Event)
    at_work: threading.Event = field(default_factory=threading.Event)
    runs: dict[str, heartbeat.JobRun] = field(default_factory=dict)  # how each job last ended in this process
    lag: Callable[[], dict[str, int]] = dict  # how many facts of each topic this process has still to take

    @cached_property
    def parts(self) -> P:
        """Return the parts, made when first asked for."""
        return self.service.parts(self.settings, self.db)

    def ready(self) -> bool:
        """Tell whether the process does its work and its own database answers; peers and the bus do not count."""
        with unforked:
            return self.at_work.is_set() and not self.stop.is_set() and self.db.ready()


def main(service: Service[S, P], arguments: Sequence[str] | None = None) -> int:
    """Run the process or command that the command line names; return its exit status."""
    bodies, commands = _bodies(service), _commands(service)
    asked = _parser(service.name, bodies, commands).parse_args(arguments)
    name: str = asked.process
    settings = load(service.settings, service.prefix)
    telemetry.configure(service.name, name, settings)
    telemetry.trace(service.name, name, settings)
    faults.arm(settings.faults_dir, f"{service.name}-{name}")
    db = Database(settings.database_url, pool_size=settings.database_pool, application_name=f"{service.name}-{name}")
    running = Running(service, settings, db)
    try:
        if name in bodies:
            _run(running, name, bodies[name])
        else:
            _say(commands[name].run(running, asked))
    finally:
        db.close()
    return 0


def _run(running: Running[S, P], name: str, body: Body[S, P]) -> None:
    settings, running.stop = running.settings, stop_on_signals()
    health = serve_health(settings.health_host, settings.health_port, ready=running.ready)
    alive = _alive(running.service, name, settings)
    BUILD.labels(alive.version, alive.revision).set(1)
    heart = threading.Thread(target=_beat, args=(running, alive), name="heartbeat", daemon=True)
    heart.start()
    log.info("started", health_port=health.port)
    try:
        body.run(running)
    finally:
        running.stop.set()
        heart.join(_PARTING)
        health.close()
    log.info("stopped")


def _alive(service: Service[S, P], name: str, settings: Common) -> heartbeat.Alive:
    instance = f"{socket.gethostname()}-{os.getpid()}"
    return heartbeat.Alive(instance, name, version_of(service.name, service.migrations), settings.revision, clock.now())


def version_of(service: str, migrations: Path) -> str:
    """Return the version of a service: of the installed package, or of the sources beside its migrations."""
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(service)
    with suppress(OSError):
        return str(tomllib.loads((migrations.parent / "pyproject.toml").read_text("utf-8"))["project"]["version"])
    return ""


def _beat(running: Running[S, P], alive: heartbeat.Alive) -> None:
    """Write every few seconds that the process lives; what cannot be written now is written with the next beat."""
    while not running.stop.is_set():
        at_work = running.at_work.is_set()
        with unforked, suppress(*_AWAY), running.db.transaction() as session:
            heartbeat.beat(session, alive, ready=at_work, lag=running.lag(), jobs=list(running.runs.values()))
        running.stop.wait(heartbeat.EVERY if at_work else 0.5)
    with unforked, suppress(*_AWAY), running.db.transaction() as session:
        heartbeat.leave(session, alive.instance)


def _rpc(running: Running[S, P]) -> None:
    from chassis.principal import Verifier
    from chassis.rpc import KeySet, Server, identity, workload_keys

    service, settings = running.service, running.settings
    assert isinstance(settings, Serving)
    issuers = frozenset(part.strip() for part in settings.issuers.split(","))
    try:
        workloads = workload_keys(settings.workload_keys)
    except ValueError as wrong:
        refuse(f"{service.prefix}WORKLOAD_KEYS is wrong: {wrong}")
    verifier = Verifier(
        KeySet(settings.jwks_url, ca=settings.rpc_tls_ca), audience=service.name, issuers=issuers, workloads=workloads
    )
    server = Server(
        service.served(running.parts), verifier, address=settings.rpc_address, threads=settings.rpc_threads, tls=identity(settings)
    )
    server.start()
    running.at_work.set()
    server.run(running.stop)


def _consume(running: Running[S, P]) -> None:
    subscriptions = running.service.subscriptions(running.parts)
    running.at_work.set()
    if not subscriptions:  # it stands by, so that one supervisor's list fits every service
        running.stop.wait()
        return
    from chassis import broker
    from chassis.consumer import Consumer, behind

    running.lag = behind
    Consumer(running.db, broker.connect(running.settings.event_bus_url), running.service.name, subscriptions).run(running.stop)


def _relay(running: Running[S, P]) -> None:
    from chassis import broker
    from chassis.relay import Relay

    relay = Relay(running.db, broker.connect(running.settings.event_bus_url), source=f"/{running.service.name}")
    running.at_work.set()
    relay.run(running.stop)


def _jobs(running: Running[S, P]) -> None:
    """Do each job in a thread of its own, so that a long one holds up no other."""
    jobs = running.service.jobs(running.parts)
    threads = [threading.Thread(target=repeat, args=(job, running.stop, running.runs), name=job.name, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    running.at_work.set()
    running.stop.wait()
    until = time.monotonic() + _PATIENCE
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def repeat(job: Job, stop: threading.Event, runs: dict[str, heartbeat.JobRun] | None = None) -> None:
    """Do a job again and again until `stop` is set; after failures soon again, with pauses that grow. How it last ended stands in `runs`."""
    EVERY.labels(job.name).set(job.every)
    runs = {} if runs is None else runs
    pause = job.every
    while not stop.is_set():
        runs[job.name] = _attempt(job, stop, runs.get(job.name))
        # A new pod may not reach its database at first: what is due once an hour must not wait for an hour then.
        pause = job.every if runs[job.name].outcome == "done" else min(pause * 2, _PATIENCE)
        stop.wait(pause)


def _attempt(job: Job, stop: threading.Event, before: heartbeat.JobRun | None) -> heartbeat.JobRun:
    """Do one round; what goes wrong stands in the log, and the next round tries again."""
    from chassis.consumer import transient

    try:
        done = _round(job, stop)
    except Exception as wrong:
        RUNS.labels(job.name, "failed").inc()
        if transient(wrong):
            log.warning("job_waits", job=job.name, reason=str(wrong).strip())
        else:
            log.exception("job_failed", job=job.name)
        error = telemetry.mask(f"{type(wrong).__name__}: {wrong}")[:_SENTENCE].replace("\0", "")
        return heartbeat.JobRun(job.name, "failed", error, clock.now(), before.succeeded_at if before else None)
    now = clock.now()
    RUNS.labels(job.name, "done").inc()
    DONE_AT.labels(job.name).set(now.timestamp())
    if isinstance(done, int) and done:
        log.info("job_done", job=job.name, done=done)
    return heartbeat.JobRun(job.name, "done", "", now, now)


def _round(job: Job, stop: threading.Event) -> object:
    """Work as one call; a round in which there was nothing to do leaves no record."""
    with telemetry.call(name=f"job {job.name}") as span:
        done = job.work(stop)
        if isinstance(done, int) and not done:
            span.drop()
    return done


def _bodies(service: Service[S, P]) -> dict[str, Body[S, P]]:
    shared: dict[str, Body[S, P]] = {
        "consume": Body("take facts in", _consume),
        "relay": Body("send facts out", _relay),
        "jobs": Body("do what time moves", _jobs),
    }
    calls: dict[str, Body[S, P]] = {"rpc": Body("serve gRPC", _rpc)} if issubclass(service.settings, Serving) else {}
    return {**calls, **service.bodies, **shared}


def _commands(service: Service[S, P]) -> dict[str, Command[S, P]]:
    shared: dict[str, Command[S, P]] = {
        "migrate": Command("bring the database up to date", _migrate),
        "redrive": Command("let parked facts have their effect again", _redrive),
        "rejoin": Command("after a restore: pass over what the bus holds, say again what the outbox remembers", _rejoin),
    }
    return {**shared, **_restating(service), **service.commands}


def _migrate(running: Running[S, P], _asked: argparse.Namespace) -> None:
    service = running.service
    migrate(running.settings.database_url, service.migrations)
    if service.prepare is not None:
        service.prepare(running.parts)


def _redrive(running: Running[S, P], _asked: argparse.Namespace) -> dict[str, int]:
    from chassis.consumer import redrive

    service = running.service
    return asdict(redrive(running.db, service.name, service.subscriptions(running.parts)))


def _rejoin(running: Running[S, P], _asked: argparse.Namespace) -> dict[str, int]:
    """Leave the bus's past behind and say again what the outbox remembers; no process of the service may be running."""
    from chassis import broker, outbox

    bus = broker.connect(running.settings.event_bus_url)
    topics = sorted({outbox.topic_of(each.fact) for each in running.service.subscriptions(running.parts)})
    if topics:
        bus.skip(running.service.name, topics)
    bus.close()
    after = count = 0
    while True:
        with running.db.transaction() as session:
            after, said = outbox.again(session, after)
        if not after:
            return {"said_again": count}
        count += said


def _restate(running: Running[S, P], asked: argparse.Namespace) -> dict[str, int]:
    """Say the present state of a capability again, a few hundred facts a transaction."""
    from itertools import islice

    from chassis import outbox

    (state,) = (each.state for each in running.service.capabilities if each.name == asked.capability)
    assert state is not None
    count = 0
    with running.db.transaction(readonly=True) as reading:
        facts = iter(state(running.parts, reading))
        while batch := list(islice(facts, _RESTATED)):
            with running.db.transaction() as writing:
                count += outbox.restate(writing, batch)
    return {"restated": count}


def _restating(service: Service[S, P]) -> Mapping[str, Command[S, P]]:
    able = [each.name for each in service.capabilities if each.state is not None]
    if not able:
        return {}
    said = "say a capability's present state again, so that the projections of it are rebuilt"
    return {"restate": Command(said, _restate, lambda parser: parser.add_argument("capability", choices=able))}


def _parser(name: str, bodies: Mapping[str, Body[S, P]], commands: Mapping[str, Command[S, P]]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=name)
    chosen = parser.add_subparsers(dest="process", required=True, metavar="process")
    for each, body in bodies.items():
        chosen.add_parser(each, help=f"{body.help} (until stopped)")
    for each, command in commands.items():
        command.arguments(chosen.add_parser(each, help=command.help))
    return parser


def _say(value: object) -> None:
    if value is not None:
        sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
        sys.stdout.flush()
