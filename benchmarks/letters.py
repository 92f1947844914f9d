"""B8: letters numbered, typeset, signed and stored, on an embedded PostgreSQL and a folder; prints where the time goes.

python benchmarks/letters.py [--letters 300] [--workers 2]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("libs/malang/src", "libs/chassis/src", "services/singo/src", ".")]

import psycopg  # noqa: E402 - after the path above
from chassis import db  # noqa: E402 - the same
from chassis.crypto import Vault  # noqa: E402 - the same
from chassis.db import Database  # noqa: E402 - the same
from prometheus_client import REGISTRY  # noqa: E402 - the same
from singo import charter, letters  # noqa: E402 - the same
from singo.files import FileStore  # noqa: E402 - the same

from deploy.local.embedded import EmbeddedPostgres  # noqa: E402 - the same

GOAL = 30.0  # letters a second
PARTS = ("typeset", "sign", "store")
OPTIONS = {"shared_buffers": "64MB", "log_min_messages": "fatal"}  # durable: a commit waits for the disk
FIELDS = {"purpose": "pengajuan sambungan air baru", "resident_since": "2019-02-01", "dwelling": "sewa"}
APPLICANT = {
    "nik": "3573036508900002", "kk": "3573031203120007", "birth_place": "Malang", "birth_date": "1990-08-25", "sex": "P",
    "address": "Jl. Danau Toba Blok E3 No. 14", "rt": "004", "rw": "012", "kelurahan": "35.73.03.1008", "religion": "Islam",
    "occupation": "Guru", "marital_status": "Kawin", "nationality": "Indonesia",
}  # fmt: skip


@contextmanager
def server(home: Path) -> Iterator[str]:
    """Yield the URL of a fresh PostgreSQL that ends with the block."""
    postgres = EmbeddedPostgres(home / "pg", home / "s")
    postgres.init()
    child = postgres.popen(OPTIONS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until_answers(postgres.url())
        yield postgres.url()
    finally:
        child.terminate()
        child.wait(30)


def _until_answers(url: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with psycopg.connect(url):
                return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise SystemExit("PostgreSQL did not start")


class Desk:
    """One process that signs letters, as a replica of `singo rpc` does."""

    def __init__(self, url: str, home: Path, threads: int) -> None:
        self.db = Database(url, application_name="bench", pool_size=threads)
        self.vault = Vault({"k": bytes(32)}, "k", bytes(range(32)))
        self.charter = charter.load()
        self.press, _ = letters.open_press(
            public_url="https://layanan.contoh.id", signing_dir=home / "signing", timestamp_url="", vault=self.vault,
            files=FileStore(str(home / "files")), address_key=bytes(32),
        )  # fmt: skip

    def letter(self, number: int) -> float:
        """Bring one letter from an approved application to an issued document; return the seconds spent on the database."""
        begun = time.perf_counter()
        with self.db.transaction() as session:
            draft = letters.reserve(
                session, self.charter, self.vault, application_id=uuid.uuid4(), citizen_id=str(uuid.uuid4()),
                kind=self.charter.kind("domisili"), kelurahan="35.73.03.1008", reference="SGO-BNCH-MARK",
                snapshot=APPLICANT | {"name": f"Warga Nomor {number}"}, fields=FIELDS,
            )  # fmt: skip
        reserved = time.perf_counter()
        produced = letters.produce(self.press, draft)
        made = time.perf_counter()
        with self.db.transaction() as session:
            letters.issue(session, draft.letter_id, produced, signed_by="bench")
        return reserved - begun + time.perf_counter() - made


desk: Desk | None = None


def open_desk(url: str, home: Path, threads: int) -> None:
    """Be a process that has already signed its first letter in each of its threads."""
    global desk  # noqa: PLW0603 - one desk a process, made by the pool's initializer
    desk = Desk(url, home, threads)
    desk.letter(0)


def work(count: int, threads: int) -> tuple[float, dict[str, float]]:
    """Make `count` letters; return the seconds it took and the seconds spent in each part, over all threads."""
    assert desk is not None
    before = {part: _spent(part) for part in PARTS}
    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        database = sum(pool.map(desk.letter, range(count)))
    took = time.perf_counter() - begun
    return took, {"database": database} | {part: _spent(part) - before[part] for part in PARTS}


def _spent(part: str) -> float:
    return REGISTRY.get_sample_value("singo_letter_seconds_sum", {"part": part}) or 0.0


def measure(url: str, home: Path, *, processes: int, threads: int, count: int) -> float:
    """Print one line of the table; return letters a second."""
    context = multiprocessing.get_context("spawn")
    share = count // processes
    with ProcessPoolExecutor(processes, mp_context=context, initializer=open_desk, initargs=(url, home, threads)) as pool:
        list(pool.map(_ready, range(processes * 4)))
        begun = time.perf_counter()
        results = [each.result() for each in [pool.submit(work, share, threads) for _ in range(processes)]]
        rate = share * processes / (time.perf_counter() - begun)
    each = {part: 1000 * sum(spent[part] for _, spent in results) / (share * processes) for part in ("database", *PARTS)}
    parts = "  ".join(f"{each[part]:>8.1f}" for part in ("database", *PARTS))
    print(f"{processes} x {threads:<9}{rate:>10.1f}  {parts}")
    return rate


def _ready(_: int) -> None:
    time.sleep(0.1)


def check(url: str) -> int:
    """Return how many letters there are; stop when a number is missing or given twice."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*), count(distinct number), max(ordinal), count(*) filter (where state = 'issued') from letter"
        ).fetchone()
    assert row is not None
    total, numbers, last, issued = row
    if not total == numbers == last == issued:
        raise SystemExit(f"{total} letters, {numbers} numbers, last number {last}, {issued} issued")
    return int(total)


def main() -> int:
    """Print the table; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="bench-letters-"))
    home.chmod(0o711)
    try:
        with server(home) as url:
            db.migrate(url, ROOT / "services/singo/migrations")
            print(
                f"B8  letters numbered, typeset, signed, stored and issued; {os.cpu_count()} cores; milliseconds of each letter by part"
            )
            print("processes x threads  per s  database   typeset      sign     store")
            measure(url, home, processes=1, threads=1, count=asked.letters // 2)
            measure(url, home, processes=1, threads=asked.workers, count=asked.letters // 2)
            rate = measure(url, home, processes=asked.workers, threads=1, count=asked.letters)
            print(f"{check(url)} letters, each with its own number and none missing")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(
        f"goal: {GOAL:.0f} letters/s on 2 cores with {asked.workers} replicas: {'reached' if rate >= GOAL else 'MISSED'} ({rate:.1f})"
    )
    return 0 if rate >= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
