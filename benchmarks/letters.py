"""B8: letters numbered, typeset, signed and stored, on an embedded PostgreSQL and a folder; prints where the time goes.

python benchmarks/letters.py [--letters 300] [--workers 2]
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
import uuid
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import engine
import measured
import psycopg
from chassis import db
from chassis.crypto import Vault
from chassis.db import Database
from chassis.files import FileStore
from measured import Outcome
from prometheus_client import REGISTRY
from singo import charter, letters

GOAL = 30.0  # letters a second
PARTS = ("typeset", "sign", "store")
OPTIONS = {"shared_buffers": "64MB"}
FIELDS = {"purpose": "pengajuan sambungan air baru", "resident_since": "2019-02-01", "dwelling": "sewa"}
APPLICANT = {
    "nik": "3573036508900002", "kk": "3573031203120007", "birth_place": "Malang", "birth_date": "1990-08-25", "sex": "P",
    "address": "Jl. Danau Toba Blok E3 No. 14", "rt": "004", "rw": "012", "kelurahan": "35.73.03.1008", "religion": "Islam",
    "occupation": "Guru", "marital_status": "Kawin", "nationality": "Indonesia",
}  # fmt: skip


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


@dataclass(frozen=True)
class Run:
    """What one arrangement of processes and threads reached: letters a second, and milliseconds of each letter by part."""

    processes: int
    threads: int
    rate: float
    parts: dict[str, float]

    def __str__(self) -> str:
        """Return one line."""
        parts = ", ".join(f"{part} {spent:.1f}" for part, spent in self.parts.items())
        return f"{self.processes} processes × {self.threads} threads: {self.rate:.1f}/s; ms of each letter: {parts}"


def arrangement(url: str, home: Path, *, processes: int, threads: int, count: int) -> Run:
    """Make `count` letters."""
    context = multiprocessing.get_context("spawn")
    share = count // processes
    with ProcessPoolExecutor(processes, mp_context=context, initializer=open_desk, initargs=(url, home, threads)) as pool:
        list(pool.map(_ready, range(processes * 4)))
        begun = time.perf_counter()
        results = [each.result() for each in [pool.submit(work, share, threads) for _ in range(processes)]]
        rate = share * processes / (time.perf_counter() - begun)
    each = {part: 1000 * sum(spent[part] for _, spent in results) / (share * processes) for part in ("database", *PARTS)}
    return Run(processes, threads, rate, each)


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


def measure(count: int = 300, workers: int = 2) -> list[Outcome]:
    """Make letters with one process, one process of several threads, and several processes; the last one counts."""
    with engine.folder("letters") as home, engine.postgres(home, OPTIONS) as url:
        db.migrate(url, measured.ROOT / "services/singo/migrations")
        runs = [
            arrangement(url, home, processes=1, threads=1, count=count // 2),
            arrangement(url, home, processes=1, threads=workers, count=count // 2),
            arrangement(url, home, processes=workers, threads=1, count=count),
        ]
        made = check(url)
    what = f"letters numbered, typeset, signed, stored, issued, by {workers} processes"
    where = [*map(str, runs), f"{made} letters, each with its own number and none missing"]
    return [Outcome("B8", what, f"{runs[-1].rate:.1f}/s", f"≥ {GOAL:.0f}/s", runs[-1].rate >= GOAL, where)]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    measured.quiet()
    print(measured.machine())
    measured.show(measure(asked.letters, asked.workers))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
