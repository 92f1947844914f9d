"""What goes wrong: each fault does its harm, ends it, and says how often it struck."""

import contextlib
import itertools
import os
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from chassis import broker, clock
from chassis.broker import Outgoing
from network import Proxy
from running import wait_for

IN_TURN = ("kill -9, each process in turn", "stopped for 2 s and continued")
CRASHES = ("commit_acknowledge", "acknowledge_sent", "effect_offset", "callback_commit", "callback_acknowledge", "pdf_signed")
POISONED = ("twuin.payments", "malang.twuin.v1.PaymentReceived")


class Nemesis:
    """The faults of one platform, by name; `proxies` stand between its parts."""

    def __init__(self, running: Any, folder: Path, proxies: dict[str, Proxy]) -> None:
        self.running, self.folder, self.proxies = running, folder, proxies
        self.poison: set[str] = set()
        self.mortal = [program.name for program in running.platform.programs if not program.first]
        self._killed, self._stopped = itertools.cycle(self.mortal), itertools.cycle(self.mortal)
        self._clocks = itertools.cycle(itertools.product(("600", "-600"), ("twuin-rpc", "singo-rpc")))
        self._silences = itertools.cycle((2, 7))  # s; callers of a service wait for 5

    def faults(self) -> dict[str, Callable[[], int]]:
        """Return every fault of this platform; calling one is one round and returns how often it struck."""
        named: dict[str, Callable[[], int]] = {
            IN_TURN[0]: self.kill,
            IN_TURN[1]: self.stop_and_continue,
            "database sessions ended": self.end_sessions,
            "bus away": self.bus_away,
            "poison message": self.poisoned,
            "clock 10 minutes off": self.clock_off,
        }
        named |= {f"network cut: {name}": lambda proxy=proxy: self.cut(proxy) for name, proxy in self.proxies.items()}
        named |= {f"network silent: {name}": lambda proxy=proxy: self.silent(proxy) for name, proxy in self.proxies.items()}
        return named | {f"crash: {point}": lambda point=point: self.crash(point) for point in CRASHES}

    def kill(self) -> int:
        self._kill(next(self._killed))
        return 1

    def _kill(self, name: str) -> None:
        before = wait_for(lambda: self.running.pid(name))
        with contextlib.suppress(ProcessLookupError):
            os.kill(before, signal.SIGKILL)
        wait_for(lambda: self.running.pid(name) not in {0, before}, seconds=60)
        self.running.until_ready(name)

    def stop_and_continue(self) -> int:
        name = next(self._stopped)
        pids = [wait_for(lambda: self.running.pid(name))]
        for pid in pids:
            pids += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(2)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return 1

    def cut(self, proxy: Proxy) -> int:
        with proxy.cut():
            time.sleep(1)
        return 1

    def silent(self, proxy: Proxy) -> int:
        with proxy.held():
            time.sleep(next(self._silences))
        return 1

    def end_sessions(self) -> int:
        with psycopg.connect(self.running.platform.admin_url, autocommit=True) as connection:
            asked = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = any(%s)"
            row = connection.execute(asked, (["gateway", "singo", "twuin"],)).fetchone()
        return int(bool(row and row[0]))

    def bus_away(self) -> int:
        with self.running.bus_gone():
            time.sleep(1)
        if self.running.bus == "kafka":
            wait_for(self._bus_answers, seconds=180)
        return 1

    def _bus_answers(self) -> bool:
        try:
            broker.connect(self.running.platform.bus_url).span(POISONED[0])
        except broker.BusUnavailable:
            return False
        return True

    def poisoned(self) -> int:
        event, (topic, type_) = str(uuid.uuid4()), POISONED
        headers = {
            "ce_specversion": "1.0", "ce_id": event, "ce_type": type_, "ce_source": "/drill", "ce_time": clock.now().isoformat(),
            "ce_subject": event, "ce_sequence": "1",
        }  # fmt: skip
        bus = broker.connect(self.running.platform.bus_url)
        publisher = bus.publisher()
        publisher.publish([Outgoing(topic, event, b"\xff\xff not a message", headers)])
        publisher.close()
        bus.close()
        self.poison.add(event)
        return 1

    def clock_off(self) -> int:
        """Let the clock of the process that checks tokens be off, ahead and behind in turn."""
        seconds, name = next(self._clocks)
        off = self.folder / f"clock-{name}"
        off.write_text(seconds, encoding="ascii")
        self._kill(name)
        time.sleep(1)
        off.unlink()
        self._kill(name)
        return 1

    def crash(self, point: str) -> int:
        """Let the next process that comes by die; the round ends while it is still away."""
        order, before = self.folder / "crash", self.hits(point)
        fresh = self.folder / "crash.new"
        fresh.write_text(point, encoding="ascii")
        fresh.replace(order)
        try:
            wait_for(lambda: self.hits(point) > before, seconds=60)
        except AssertionError:
            order.unlink(missing_ok=True)  # nobody came by: the table shows a round without a hit
        return self.hits(point) - before

    def hits(self, point: str) -> int:
        path = self.folder / "hits"
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
        return sum(line.startswith(f"{point} ") for line in lines)

    def recovered(self) -> None:
        """Return once every process is ready again."""
        self.running.until_ready(*self.mortal)
