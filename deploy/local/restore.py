"""`make restore BACKUP=folder`: put a backup into an empty home, then start with `make run`.

Where the facts travel on a bus outside the cluster (Kafka), that bus has gone on: it holds facts of changes that the restored
databases never had, and its groups stand behind facts whose effect the restored databases lack. So every group is set to the
bus's present end, and each service says again all facts that its restored outbox remembers, under their own ids: what had its
effect before the backup is known to the inboxes, what had not has it now, and what came after the backup is gone everywhere.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.local import backup, databases
from deploy.local.embedded import EmbeddedPostgres
from deploy.local.programs import SERVICES, Platform, embedded_postgres
from deploy.local.state import ROOT, State

STOPS_WITHIN = 30  # seconds


def main() -> int:
    """Restore the backup that the command line names."""
    options = argparse.ArgumentParser(prog="make restore", description=__doc__)
    options.add_argument("source", help="folder of the backup")
    options.add_argument("--keys", help="file of the keys where the backup holds none")
    chosen = options.parse_args()
    began = time.monotonic()
    said = restore(State(), Path(chosen.source).absolute(), keys=Path(chosen.keys).absolute() if chosen.keys else None)
    print(f"Restored to the point of {said['ended_at']} in {time.monotonic() - began:.1f} s. Start it with `make run`.")
    return 0


def restore(state: State, source: Path, *, keys: Path | None = None, given: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Check the whole backup, then put it into the empty home of `state`; return its manifest."""
    said = checked(source)
    kept = keys or source / f"{backup.KEYS}.json"
    if not kept.exists():
        raise SystemExit(f"{source} holds no keys; name their file with KEYS=file, without them nobody's data can be read.")
    state.prepare()
    if not state.hold():
        raise SystemExit("The platform runs (or is stopping); stop it first (Ctrl-C where it was started).")
    try:
        _fill(state, source, kept, outside=said["bus"] == "outside", given=given)
    finally:
        state.release()
    return said


def _fill(state: State, source: Path, keys: Path, *, outside: bool, given: Mapping[str, str]) -> None:
    postgres = embedded_postgres(state)
    if postgres.exists() or (state.home / f"{backup.KEYS}.json").exists():
        raise SystemExit(f"There is data in {state.home}; a restore never writes over it. `make reset` forgets it.")
    backup.verify(postgres, source / "cluster")
    _put(state, source, keys)
    cluster(postgres, source / "cluster")
    platform = Platform.plan(state, given)
    if outside or "bus" not in platform.databases:
        with serving(postgres):
            rejoin(platform)


def checked(source: Path) -> dict[str, Any]:
    """Return the manifest of a backup whose files are all there, as they were written."""
    try:
        said = dict(json.loads((source / "manifest.json").read_text(encoding="utf-8")))
    except (OSError, ValueError) as wrong:
        raise SystemExit(f"{source} is not a complete backup: {wrong}") from wrong
    if said.get("form") != backup.FORM:
        raise SystemExit(f"{source} has the form {said.get('form')}, this program reads {backup.FORM}.")
    for name, wanted in said["files"].items():
        path = source / name
        if not path.is_file() or backup.digest(path) != wanted:
            raise SystemExit(f"{path} is missing or not as it was written; this backup must not be used.")
    return said


def cluster(postgres: EmbeddedPostgres, source: Path) -> None:
    """Put a base backup where the cluster stands, owned by the user that it runs as."""
    target = postgres.data_dir
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, target, dirs_exist_ok=True)
    target.chmod(0o700)
    if postgres.user:
        for path in (target, *target.rglob("*")):
            shutil.chown(path, postgres.user)


@contextlib.contextmanager
def serving(postgres: EmbeddedPostgres) -> Iterator[None]:
    """Serve the cluster inside the block: it first replays the log of the backup."""
    server = postgres.popen(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        databases.wait(postgres.url())
        yield
    finally:
        server.send_signal(2)  # fast: SIGINT
        server.wait(STOPS_WITHIN)


def rejoin(platform: Platform) -> None:
    """Make each service leave the bus's past behind and say again what its own database remembers."""
    databases.prepare(platform)
    for service in SERVICES:  # no relay runs yet: all groups stand at the end before anything is said again
        argv = [sys.executable, "-m", service, "rejoin"]
        environment = platform.environment(service)
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
        if done.returncode:
            raise SystemExit(f"{service}: joining the bus again failed.\n{done.stderr[-2000:]}")


def _put(state: State, source: Path, keys: Path) -> None:
    """Copy what stands beside the cluster, closed to others."""
    for path in sorted(source.iterdir()):
        if path.is_dir() and path.name != "cluster":
            shutil.copytree(path, state.home / path.name, dirs_exist_ok=True)
            (state.home / path.name).chmod(0o700)
    for name in backup.KEPT:
        if (source / name).exists():
            backup.write(state.home / name, (source / name).read_bytes())
    state.keep(backup.KEYS, dict(json.loads(keys.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    if "DATABASE_URL" in os.environ:
        raise SystemExit("DATABASE_URL is given: that PostgreSQL is restored by whoever runs it. This restores the embedded one.")
    sys.exit(main())
