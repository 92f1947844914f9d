"""Overload: at twice its capacity the gateway turns people away with Retry-After, the rest keep their latency, and it is well again soon.

python benchmarks/overload.py [--seconds 10]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import engine
import measured
from measured import Outcome

from deploy.local import databases, run
from deploy.local.programs import Platform
from deploy.local.state import State
from deploy.local.supervision import Supervisor

PATH = "/api/v1/tariffs"  # open to everybody; through the gateway, gRPC and the database of twuin
PROGRAMS = ("postgres", "redis", "gateway-web", "twuin-rpc")
LIMITS = {"GATEWAY_RATE_PER_MINUTE": "1000000000"}  # the generator is one address
CLOSED, WELL, LATENCY = (
    32,
    5.0,
    1.0,
)  # people at once who find the capacity; seconds until well again; seconds that a person may wait
WINDOW = 0.25  # seconds that one look at the recovery covers


@dataclass(frozen=True)
class Answer:
    """One request: when it was due, how long after that its answer was there (both in seconds), its status, whether it says when to come back."""

    due: float
    took: float
    status: int
    told: bool


def measure(seconds: int = 10) -> list[Outcome]:
    """Find the capacity, double it, halve it again."""
    with engine.folder("overload") as home, _platform(home / "local") as url:
        asked(url, rate=0, seconds=3)  # every worker connected, every cache filled
        capacity = sum(answer.status == 200 for answer in asked(url, rate=0, seconds=seconds)) / seconds
        usual = _percentile([answer.took for answer in asked(url, rate=capacity / 2, seconds=seconds)])
        flood = asked(url, rate=capacity * 2, seconds=seconds)
        after = asked(url, rate=capacity / 2, seconds=seconds)
    return _outcomes(capacity, usual, flood, after)


def _outcomes(capacity: float, usual: float, flood: list[Answer], after: list[Answer]) -> list[Outcome]:
    taken = [answer for answer in flood if answer.status == 200]
    shed = [answer for answer in flood if answer.status in {429, 503} and answer.told]
    other = len(flood) - len(taken) - len(shed)
    p99, recovery = _percentile([answer.took for answer in taken]), _recovery(after, usual)
    share = f"{len(taken) / len(flood):.0%} served, {len(shed) / len(flood):.0%} turned away, {other} otherwise"
    return [
        Outcome("overload", "capacity, 32 people at once", f"{capacity:,.0f}/s; p99 at half of it {usual * 1000:.0f} ms"),
        Outcome("overload", f"at {capacity * 2:,.0f}/s: {share}", f"{other} without Retry-After or answer", "0", other == 0),
        Outcome("overload", "p99 of those served meanwhile", f"{p99 * 1000:.0f} ms", f"≤ {LATENCY:.0f} s", p99 <= LATENCY),
        Outcome("overload", "well again after", f"{recovery:.1f} s", f"≤ {WELL:.0f} s", recovery <= WELL),
    ]


def _recovery(after: list[Answer], usual: float) -> float:
    """Return the second of the last window in which somebody was turned away or waited much longer than usual."""
    bad = [answer.due for answer in after if answer.status != 200 or answer.took > max(usual * 3, 0.25)]
    late = [due for due in bad if sum(due - WINDOW <= each <= due for each in bad) > 1]  # one alone is no overload
    return max(late, default=0.0)


def _percentile(values: list[float], part: float = 0.99) -> float:
    return sorted(values)[int(len(values) * part)] if values else float("inf")


@contextlib.contextmanager
def _platform(home: Path) -> Iterator[str]:
    state = State(home=home)
    state.prepare()
    platform = Platform.plan(state, {"PORT": "18180", "LOG_LEVEL": "error", **LIMITS})
    if platform.postgres is None:
        raise SystemExit("this benchmark needs the embedded PostgreSQL, of which there is no wheel for this machine")
    platform.programs = [each for each in platform.programs if each.name in PROGRAMS]
    platform.postgres.init()
    supervisor = Supervisor(state, platform.programs)
    try:
        supervisor.start()
        databases.wait(platform.admin_url)
        databases.prepare(platform)
        for program in platform.programs:
            if not program.first:
                supervisor.launch(program)
        run.until_ready(platform, supervisor, lambda program: program.port > 0)
        yield platform.url
    finally:
        supervisor.stop()


def asked(url: str, *, rate: float, seconds: int) -> list[Answer]:
    """Ask from another process: `rate` requests a second whatever becomes of them, or (0) 32 people one after the other."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found: list[Answer] = pool.apply(_generate, (url, rate, seconds))
    return found


def _generate(url: str, rate: float, seconds: int) -> list[Answer]:
    return asyncio.run(_open(url, rate, seconds) if rate else _closed(url, seconds))


async def _closed(url: str, seconds: int) -> list[Answer]:
    began, answers = time.perf_counter(), []

    async def person() -> None:
        client = Client(url)
        while (due := time.perf_counter() - began) < seconds:
            answers.append(await client.ask(began, due))

    await asyncio.gather(*(person() for _ in range(CLOSED)))
    return answers


async def _open(url: str, rate: float, seconds: int) -> list[Answer]:
    began, idle, tasks = time.perf_counter(), [Client(url) for _ in range(8)], []

    async def visit(due: float) -> Answer:
        client = idle.pop() if idle else Client(url)
        answer = await client.ask(began, due)
        idle.append(client)
        return answer

    for number in range(int(rate * seconds)):
        due = number / rate
        if (early := began + due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        tasks.append(asyncio.create_task(visit(due)))
    return list(await asyncio.gather(*tasks))


class Client:
    """One connection that is kept open, made anew when it breaks."""

    def __init__(self, url: str) -> None:
        """Connect at the first request."""
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._request = f"GET {PATH} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, began: float, due: float) -> Answer:
        """Return the answer; status 0 when there was none within 15 s."""
        try:
            status, told = await asyncio.wait_for(self._exchange(), 15)
        except (OSError, ValueError, asyncio.IncompleteReadError, TimeoutError):
            self._streams, status, told = None, 0, False
        return Answer(due, time.perf_counter() - began - due, status, told)

    async def _exchange(self) -> tuple[int, bool]:
        reader, writer = self._streams or await asyncio.open_connection(self._host, self._port)
        self._streams = reader, writer
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        await reader.readexactly(length)
        return int(head.split(b" ", 2)[1]), b"retry-after: " in head


def main() -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=10)
    measured.quiet()
    print(measured.machine())
    measured.show(measure(options.parse_args().seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
