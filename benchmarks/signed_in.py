"""B1: a signed-in citizen reads 12 bills, through gateway, gRPC and PostgreSQL, against a monolith that reads the same rows.

python benchmarks/signed_in.py [--seconds 10] [--rounds 3] [--keep]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import measured
from measured import Outcome

from deploy.local import databases, run
from deploy.local.programs import Platform
from deploy.local.state import Ports, State
from deploy.local.supervision import Program, Supervisor, processes

GOAL, DREAM, P99 = 1.2, 2.0, 0.5
CONNECTIONS, WARM_UP = 32, 4
PATH = "/api/v1/bills?page_size=12"
# The generator is one address and 500 people; a person's own pace is not what is measured. The limits count all the same.
LIMITS = {"GATEWAY_RATE_PER_MINUTE": "1000000000", "GATEWAY_RATE_PERSON_PER_MINUTE": "1000000000"}
ENGINES = ("postgres", "redis")
MEASURED = ("gateway-web", "twuin-rpc")


@dataclass(frozen=True)
class Turn:
    """What wrk saw in one turn; latencies in milliseconds."""

    rate: float
    p50: float
    p99: float
    bad: int
    spent: dict[str, float]  # microseconds of processor for each request, by process


@contextlib.contextmanager
def both(home: Path, people: int, others: int) -> Iterator[tuple[State, str, str, list[str]]]:
    """Run both; yield where they stand, their URLs and the session tokens."""
    import city  # after the path is set, and only where it is used

    state = State(home=home)
    state.prepare()
    platform = Platform.plan(state, {"PORT": "18080", "LOG_LEVEL": "warning", **LIMITS})
    platform.programs = [each for each in platform.programs if each.name in (*ENGINES, *MEASURED)]
    if platform.postgres is None or not platform.redis_url:
        raise SystemExit("B1 needs the embedded PostgreSQL and the embedded Redis; a wheel of one is missing on this machine.")
    port = Ports().pick(18090)
    platform.programs.append(_monolith(platform, port))
    platform.postgres.init()
    supervisor = Supervisor(state, platform.programs)
    try:
        supervisor.start()
        databases.wait(platform.admin_url)
        databases.prepare(platform)
        tokens = [person.token for person in city.people(platform, people, others)]
        for program in platform.programs:
            if not program.first:
                supervisor.launch(program)
        run.until_ready(platform, supervisor, lambda program: program.port > 0)
        monolith = f"http://127.0.0.1:{port}"
        for url in (platform.url, monolith):
            _until_answers(url + PATH, tokens[0])
        yield state, platform.url, monolith, tokens
    finally:
        supervisor.stop()


def _monolith(platform: Platform, port: int) -> Program:
    argv = (
        sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "16", "--worker-class", "gthread", "--bind", f"127.0.0.1:{port}",
        "--keep-alive", "75", "--log-level", "warning", "benchmarks.monolith.app:app",
    )  # fmt: skip
    environment = platform.environment("twuin")
    passed = {name: environment[name] for name in ("PATH", "HOME", "LANG") if name in environment}
    url = platform.run_url("twuin").replace("postgresql:", "postgresql+psycopg:", 1)
    return Program("monolith", argv, passed | {"MONOLITH_DATABASE_URL": url, "MONOLITH_REDIS_URL": platform.redis_url})


def _until_answers(url: str, token: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            answer(url, token)
        except (OSError, ValueError) as wrong:
            if time.monotonic() > until:
                raise SystemExit(f"{url} does not answer: {wrong}") from wrong
            time.sleep(0.1)
        else:
            return


def answer(url: str, token: str) -> dict[str, Any]:
    """Return what a person reads."""
    asked = urllib.request.Request(url, headers={"Cookie": f"session={token}"})
    with urllib.request.urlopen(asked, timeout=10) as given:
        return dict(json.load(given))


def same(platform: str, monolith: str, tokens: list[str]) -> None:
    """Stop unless both tell a person the same: twelve bills, field by field, and what is open over all."""
    for token in tokens:
        ours, theirs = (answer(url + PATH, token) for url in (platform, monolith))
        rows = ours["bills"], theirs["bills"]
        plain = [[{name: _plain(bill[name]) for name in rows[1][0]} for bill in each] for each in rows]
        if len(rows[0]) != 12 or plain[0] != plain[1] or ours["open_amount"] != theirs["open_amount"]:
            raise SystemExit(f"B1: the platform and the monolith do not answer the same:\n{ours}\n{theirs}")


def _plain(value: object) -> object:
    """Return instants to the millisecond, however they are written."""
    text = str(value)
    return text[:23].removesuffix("Z").split("+")[0].removesuffix(".000") if "T" in text and text[:2] == "20" else value


def turn(state: State, url: str, tokens: Path, seconds: int, seed: int) -> Turn:
    """Let wrk ask for `seconds`."""
    script = Path(__file__).parent / "citizens.lua"
    argv = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", str(script), "--timeout", "10s", url, "--"]
    before = processor(state)
    done = subprocess.run([*argv, str(tokens), PATH, str(seed)], capture_output=True, text=True, check=True, timeout=seconds + 60)
    after = processor(state)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    seen = json.loads(line.removeprefix("RESULT "))
    spent = {name: 1e6 * (after[name] - before[name]) / max(1, seen["requests"]) for name in before}
    return Turn(seen["requests"] / seen["seconds"], seen["p50"], seen["p99"], seen["bad"], spent)


def processor(state: State) -> dict[str, float]:
    """Return the seconds of processor that each program and its children used so far."""
    return {str(entry["name"]): _used(int(str(entry["pid"]))) for entry in processes(state)}


def _used(pid: int) -> float:
    """Return what /proc says of a process and its children; one that has just ended counts nothing."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(_used(int(child)) for child in children)


def measure(seconds: int = 10, rounds: int = 3, people: int = 500, others: int = 2000, *, keep: bool = False) -> list[Outcome]:
    """Measure in turns; return the rows of the table."""
    if shutil.which("wrk") is None:
        return [Outcome("B1", "signed-in citizen reads 12 bills", "not measured: wrk is not installed", f"≥ {GOAL} ×")]
    home = Path(tempfile.mkdtemp(prefix="bench-signed-in-"))
    home.chmod(0o711)
    try:
        with both(home, people, others) as (state, platform, monolith, tokens):
            file = home / "tokens"
            file.write_text("\n".join(tokens) + "\n", encoding="ascii")
            same(platform, monolith, tokens[:100])
            for url in (platform, monolith):
                turn(state, url, file, WARM_UP, 0)
            seen: dict[str, list[Turn]] = {platform: [], monolith: []}
            for number in range(rounds):
                for url in (platform, monolith):
                    seen[url].append(turn(state, url, file, seconds, number + 1))
            if keep:
                input(f"{platform} and {monolith} keep running; press Enter to end them. ")
            return _rows(seen[platform], seen[monolith])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _rows(ours: list[Turn], theirs: list[Turn]) -> list[Outcome]:
    rate, p99 = (median(getattr(turn, part) for turn in ours) for part in ("rate", "p99"))
    other_rate, other_p99 = (median(getattr(turn, part) for turn in theirs) for part in ("rate", "p99"))
    bad = sum(turn.bad for turn in (*ours, *theirs))
    what = "signed-in citizen reads 12 bills, wrk 32 connections: "
    return [
        Outcome(
            "B1", what + "requests/s", f"{rate / other_rate:.2f} × ({rate:,.0f} against {other_rate:,.0f} of the monolith)",
            f"≥ {GOAL} × (dream {DREAM:.0f} ×)", not bad and rate >= GOAL * other_rate,
        ),
        Outcome(
            "B1", what + "p99", f"{p99 / other_p99:.2f} × ({p99:.0f} ms against {other_p99:.0f} ms)", f"≤ {P99} ×",
            not bad and p99 <= P99 * other_p99,
            [*_lines("platform", ours), *_lines("monolith", theirs), f"answers that were not 2xx, or none: {bad}"],
        ),
    ]  # fmt: skip


def _lines(name: str, turns: list[Turn]) -> list[str]:
    lines = [f"{name}, turn {at}: {t.rate:,.0f}/s, p50 {t.p50:.1f} ms, p99 {t.p99:.1f} ms" for at, t in enumerate(turns, 1)]
    spent = {part: median(turn.spent[part] for turn in turns) for part in turns[0].spent}
    parts = ", ".join(f"{part} {microseconds:.0f}" for part, microseconds in spent.items() if microseconds >= 20)
    return [*lines, f"{name}, processor of each request, µs: {parts}; in all {sum(spent.values()):.0f}"]


def main() -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--keep", action="store_true", help="leave both running until Enter")
    given = options.parse_args()
    measured.quiet()
    print(measured.machine())
    measured.show(measure(given.seconds, given.rounds, keep=given.keep))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
