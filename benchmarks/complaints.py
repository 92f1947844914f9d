"""B2: lifecycles of complaints (file, assign, resolve, read back, with no wait between) over gRPC, with none to a million stored.

python benchmarks/complaints.py [--stored 0 100000 1000000] [--rounds 7] [--seconds 4] [--clients 8]

The service is one process, its callers another; both share the machine's cores with PostgreSQL. The sizes take turns,
there and back, and the median of a size's turns counts: a machine that is slower for a while is slower for all of them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import multiprocessing.connection
import os
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import engine
import measured
import psycopg
import workdays
from chassis import db, principal, rpc
from chassis.crypto import Vault
from chassis.db import Database
from chassis.files import FileStore
from chassis.principal import Minter, Principal, Verifier
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from malang.singo.v1 import complaints_pb2 as pb
from malang.singo.v1.complaints_pb2_grpc import ComplaintsStub, add_ComplaintsServicer_to_server
from measured import Outcome
from singo import charter
from singo.complaints import categories
from singo.complaints.means import Means
from singo.complaints.rpc import ComplaintsServicer

GOAL, APART = 100.0, 0.10  # lifecycles a second; how far the fullest may be from the emptiest
STORED = (0, 100_000, 1_000_000)
ROUNDS, SECONDS, CLIENTS = 7, 4.0, 8
OPTIONS = {"shared_buffers": "256MB", "max_wal_size": "2GB", "checkpoint_timeout": "30min"}
KELURAHAN = "35.73.03.1008"
TEXT = "Aspal berlubang sedalam mata kaki di depan pasar, sudah dua minggu."
COLUMNS = (
    "id", "number", "reporter_id", "reporter_kind", "category", "kelurahan", "water", "state", "latitude", "longitude", "text",
    "responded", "respond_by", "resolve_by", "due_on", "visit_at", "filed_at", "updated_at", "resolved_at", "reopen_until", "version",
)  # fmt: skip
TYPES = (
    "uuid", "text", "text", "text", "text", "text", "bool", "text", "float8", "float8", "bytea",
    "bool", "date", "date", "date", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "int8",
)  # fmt: skip
OPEN_SHARE = 50  # every so many of those stored is still open
_STEPS = """
insert into complaint_step (complaint_id, ordinal, at, event, actor, actor_id)
select id, n, filed_at + n * interval '1 hour', (array['filed', 'assigned', 'resolved'])[n], 'office', ''
from complaint, generate_series(1, 3) n where n <= version
"""


def vault() -> Vault:
    """Return the keys of the benchmark."""
    return Vault({"k": bytes(32)}, "k", bytes(range(32)))


def serve(url: str, home: Path, public: bytes, answer: multiprocessing.connection.Connection) -> None:
    """Serve complaints in this process until the other end hangs up; say the port first."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    measured.quiet()
    database = Database(url, application_name="bench", pool_size=8)
    means = Means(categories.load(), charter.load(), workdays.city_calendar(), vault(), FileStore(str(home / "files")))
    served = rpc.Served(add_ComplaintsServicer_to_server, ComplaintsServicer(database, means), "malang.singo.v1.Complaints")
    key = Ed25519PublicKey.from_public_bytes(public)
    verifier = Verifier(lambda _kid: key, audience="singo", issuers=frozenset({"gateway"}))
    server = rpc.Server([served], verifier)
    answer.send(server.start())
    try:
        answer.recv()
    except EOFError:
        server.stop(1)


def stored(count: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of complaints of the last two years, one in fifty still open."""
    sealer, now = vault(), dt.datetime.now(dt.UTC)
    text = sealer.seal(TEXT, bound="of a row that nobody opens")
    for number in range(count):
        is_open = number % OPEN_SHARE == 0
        filed = now - dt.timedelta(seconds=60 * (number % 1_000_000) + number % 60)
        day = filed.date()
        ended = None if is_open else filed + dt.timedelta(days=2)
        yield (
            uuid.uuid4(), f"ADU-S{number:08d}", str(uuid.UUID(int=number // 4)), "citizen", "road", KELURAHAN, False,
            "filed" if is_open else "resolved", -7.97, 112.65, text, not is_open, day, day, day if is_open else None, filed, filed,
            ended or filed, ended, ended and ended + dt.timedelta(days=14), 1 if is_open else 3,
        )  # fmt: skip


def seed(url: str, count: int) -> None:
    """Bring the table to `count` complaints with their steps, by COPY."""
    with psycopg.connect(db.dsn(url), autocommit=True) as connection:
        with (
            connection.cursor() as cursor,
            cursor.copy(f"copy complaint ({', '.join(COLUMNS)}) from stdin (format binary)") as copy,
        ):
            copy.set_types(TYPES)
            for row in stored(count):
                copy.write_row(row)
        connection.execute(_STEPS)
        connection.execute("vacuum (analyze) complaint")
        connection.execute("vacuum (analyze) complaint_step")
        connection.execute("checkpoint")


class Caller:
    """Citizens and officers at one channel, as a gateway's process holds it."""

    def __init__(self, port: int, key: Ed25519PrivateKey) -> None:
        minter = Minter("gateway", "bench", key)
        self._tokens: dict[str, tuple[float, str]] = {}
        self._minter = minter
        self.upstream = rpc.Upstream(f"127.0.0.1:{port}", "singo", token=self._token, default_timeout=20)
        self.stub = self.upstream.stub(ComplaintsStub)

    def _token(self, audience: str) -> str:
        who = principal.current()
        made, token = self._tokens.get(who.subject, (0.0, ""))
        if time.monotonic() - made > 30:
            token = self._minter.mint(who, audience)
            self._tokens[who.subject] = time.monotonic(), token
        return token

    def lifecycle(self, number: int) -> None:
        """File, assign, resolve and read back one complaint."""
        citizen = Principal(f"00000000-0000-4000-8000-{number % 200:012d}", "citizen", loa=2)
        officer = Principal(f"officer-{number % 8}", "staff", roles=frozenset({"officer"}), areas=frozenset({KELURAHAN}), loa=2)
        place = pb.FileComplaintRequest(category="road", text=TEXT, kelurahan=KELURAHAN)
        place.position.latitude, place.position.longitude = -7.97, 112.65
        with principal.acting(citizen):
            filed = self.stub.File(place)
        with principal.acting(officer):
            self.stub.Assign(pb.AssignComplaintRequest(complaint_id=filed.complaint_id))
            self.stub.Resolve(pb.ResolveComplaintRequest(complaint_id=filed.complaint_id, text="Lubang sudah ditambal rata."))
        with principal.acting(citizen):
            seen = self.stub.Get(pb.GetComplaintRequest(complaint_id=filed.complaint_id))
        if seen.state != pb.COMPLAINT_STATE_RESOLVED:
            raise AssertionError(f"read back as {seen.state}")


def drive(caller: Caller, seconds: float, clients: int) -> tuple[float, list[float]]:
    """Return lifecycles a second and how long each took, s; a refused transition ends the benchmark."""
    took, until = list[float](), 0.0

    def work(client: int) -> None:
        number = client
        while time.monotonic() < until:
            begun = time.perf_counter()
            caller.lifecycle(number)
            took.append(time.perf_counter() - begun)
            number += clients

    for part in (1.0, seconds):  # first warm, then measured
        took.clear()
        until = time.monotonic() + part
        begun = time.monotonic()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(work, range(clients)))
        elapsed = time.monotonic() - begun
    return len(took) / elapsed, took


@contextmanager
def holding(count: int) -> Iterator[Caller]:
    """Serve `count` complaints from a cluster of its own and yield who calls."""
    key, context = Ed25519PrivateKey.generate(), multiprocessing.get_context("spawn")
    with engine.folder("complaints") as home, engine.postgres(home, OPTIONS) as url:
        db.migrate(url, measured.ROOT / "services/singo/migrations")
        seed(url, count)
        ours, theirs = context.Pipe()
        child = context.Process(target=serve, args=(url, home, key.public_key().public_bytes_raw(), theirs))
        child.start()
        theirs.close()
        caller = Caller(ours.recv(), key)
        try:
            yield caller
        finally:
            caller.upstream.close()
            ours.close()
            child.join(10)


def measure(
    counts: tuple[int, ...] = STORED, rounds: int = ROUNDS, seconds: float = SECONDS, clients: int = CLIENTS
) -> list[Outcome]:
    """Return one row for each number of complaints stored, and how far apart they are."""
    rates: dict[int, list[float]] = {count: [] for count in counts}
    took: dict[int, list[float]] = {count: [] for count in counts}
    with ExitStack() as stack:
        callers = {count: stack.enter_context(holding(count)) for count in counts}
        for turn in range(rounds):
            for count in counts if turn % 2 == 0 else reversed(counts):
                rate, times = drive(callers[count], seconds, clients)
                rates[count].append(rate)
                took[count] += times
    outcomes = []
    for count in counts:
        rate, cuts = median(rates[count]), quantiles(took[count], n=100)
        where = [
            f"p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms for four calls; {os.cpu_count()} cores",
            f"{rounds} turns: {min(rates[count]):.0f} to {max(rates[count]):.0f}/s",
        ]
        outcomes.append(
            Outcome("B2", f"lifecycles of complaints, {count:,} stored", f"{rate:.0f}/s", f"≥ {GOAL:.0f}/s", rate >= GOAL, where)
        )
    if len(counts) > 1:
        medians = [median(each) for each in rates.values()]
        apart = max(medians) / min(medians) - 1
        goal = f"≤ {APART:.0%}"
        outcomes.append(Outcome("B2", "between the fastest and the slowest of these", f"{apart:.0%}", goal, apart <= APART))
    return outcomes


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--stored", type=int, nargs="*", default=list(STORED))
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--seconds", type=float, default=SECONDS)
    options.add_argument("--clients", type=int, default=CLIENTS)
    asked = options.parse_args()
    measured.quiet()
    measured.show(measure(tuple(asked.stored), asked.rounds, asked.seconds, asked.clients))
