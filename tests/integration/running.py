"""A whole platform started for tests, on either bus, and the levers that fault tests pull."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import engines
import psycopg
from chassis import testing
from chassis.testing.servers import engine_answers, free_port

from deploy.local import run
from deploy.local.programs import Platform
from deploy.local.state import State
from deploy.local.supervision import Supervisor, client, processes

BUSES = ("postgresql", "kafka")
# All tests are one caller from one address; what the limits do is the gateway's own tests' affair.
UNLIMITED = {
    f"GATEWAY_RATE_{name}": "1000000" for name in ("PER_MINUTE", "PERSON_PER_MINUTE", "SIGN_IN_PER_MINUTE", "REPORTS_PER_HOUR")
}


@dataclass
class Running:
    """A running platform and the levers that fault tests pull."""

    bus: str
    state: State
    platform: Platform
    supervisor: Supervisor
    containers: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.platform.url

    @property
    def home(self) -> Path:
        return self.state.home

    @property
    def signins(self) -> dict[str, Any]:
        return self.state.read("signins")

    def engine(self, name: str) -> Any:
        """Return the engine's handle of a container; None where it is embedded."""
        container = self.containers.get(name)
        return container.get_wrapped_container() if container else None

    def pid(self, name: str) -> int:
        return next(int(str(entry["pid"])) for entry in processes(self.state) if entry["name"] == name)

    def port(self, name: str) -> int:
        return next(program.port for program in self.platform.programs if program.name == name)

    @contextlib.contextmanager
    def stopped(self, *names: str) -> Iterator[None]:
        """Hold processes stopped inside the block; afterwards they are ready again."""
        calls = client(self.state).supervisor
        for name in names:
            calls.stopProcess(name)
        try:
            yield
        finally:
            for name in names:
                calls.startProcess(name, False)
            self.until_ready(*names)

    def until_ready(self, *names: str) -> None:
        run.until_ready(self.platform, self.supervisor, lambda program: program.port > 0 and program.name in names)

    @contextlib.contextmanager
    def redis_frozen(self) -> Iterator[None]:
        """Hold Redis still (SIGSTOP): it accepts and never answers."""
        if container := self.engine("redis"):
            container.pause()
            try:
                yield
            finally:
                container.unpause()
            return
        pid = self.pid("redis")
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def redis_gone(self) -> Iterator[None]:
        """End Redis inside the block."""
        if container := self.engine("redis"):
            container.stop(timeout=1)
            try:
                yield
            finally:
                container.start()
            return
        calls = client(self.state).supervisor
        calls.stopProcess("redis")
        try:
            yield
        finally:
            calls.startProcess("redis")

    @contextlib.contextmanager
    def bus_gone(self) -> Iterator[None]:
        """Take the bus away: Kafka is frozen hard, the embedded bus's database refuses connections."""
        if self.bus == "kafka":
            container = self.engine("kafka")
            assert container
            container.stop(timeout=1)
            try:
                yield
            finally:
                container.start()
            return
        self._bus_accepts("false")
        try:
            yield
        finally:
            self._bus_accepts("true")

    def _bus_accepts(self, truth: str) -> None:
        with psycopg.connect(self.platform.admin_url, autocommit=True) as connection:
            connection.execute(f"alter database bus with allow_connections {truth}")
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'bus'")

    def outbox_depth(self, service: str) -> int:
        with psycopg.connect(self.platform.owner_url(service)) as connection:
            row = connection.execute("select count(*) from outbox where sent_at is null").fetchone()
            assert row
            return int(row[0])


def wait_for(ask: Callable[[], Any], *, seconds: float = 30) -> Any:
    """Ask until the answer is something; fail when the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"still nothing after {seconds} s")


@contextlib.contextmanager
def started(
    bus: str,
    home: Path,
    given: Mapping[str, str],
    planned: Callable[[Platform, Mapping[str, Any]], None] = lambda _platform, _containers: None,
) -> Iterator[Running]:
    """Start the platform on `bus` in folder `home`, with settings given; `planned` may change the plan before a process starts.

    An EVENT_BUS_URL that is given is what Kafka, started here, tells its clients of itself.
    """
    settings = {"PORT": str(free_port()), "LOG_LEVEL": "warning", **UNLIMITED, **given}
    with contextlib.ExitStack() as stack:
        containers: dict[str, Any] = {}
        if engine_answers():
            containers = engines.start(stack, kafka=bus == "kafka", advertised=urlsplit(given.get("EVENT_BUS_URL", "")).netloc)
            settings = engines.urls(containers) | settings
        elif bus == "kafka":
            testing.lacking("no container engine answers on this machine, so there is no Kafka")
        state = State(home)
        state.prepare()
        platform = Platform.plan(state, settings)
        planned(platform, containers)
        supervisor = Supervisor(state, platform.programs)
        stack.callback(supervisor.stop)
        run.start(state, platform, supervisor)
        run.start_rest(platform, supervisor)
        yield Running(bus, state, platform, supervisor, containers)
