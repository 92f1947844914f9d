"""`make backup`: the whole cluster and the files of one machine's platform, to one point, while it runs.

The point is the end of the base backup: all databases of the cluster are restored to it together, the bus among them.
A file is stored before the row that names it is committed and never changes, so files copied after the point are all
that the rows name, as long as none is deleted in between: the backup holds the folder against deletions (`files/.hold`).
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from chassis import clock
from chassis.files import HOLD

from deploy.local.embedded import EmbeddedPostgres
from deploy.local.programs import embedded_postgres
from deploy.local.state import ROOT, State
from deploy.local.supervision import processes

FORM = 1  # of the folder that a backup is
KEYS = "secrets"
LEFT = ("postgres", "run", "log")  # the cluster is copied by its own program; sockets and logs begin anew
STORES = (".", "twuin")  # below files/: where each service that keeps files begins
KEPT = ("signins.json", "water.json", "demo-used.json")
NAMELESS = (HOLD, ".partial")


def main() -> int:
    """Take a backup into a new folder."""
    options = argparse.ArgumentParser(prog="make backup", description=__doc__)
    options.add_argument("target", nargs="?", help="new folder of the backup; by default .backups/<instant>")
    options.add_argument("--keys", help="put the keys that open personal data into this file, not into the backup")
    chosen = options.parse_args()
    target = Path(chosen.target) if chosen.target else ROOT / ".backups" / f"{clock.now():%Y%m%dT%H%M%SZ}"
    said = take(State(), target.absolute(), keys=Path(chosen.keys).absolute() if chosen.keys else None)
    print(f"Backup of {said['cluster_files']} files of the cluster and {len(said['files'])} others in {target}")
    print(f"Keys that open personal data: {chosen.keys or 'inside it, readable by you only'}. Keep it where nobody else reads.")
    return 0


def take(state: State, target: Path, *, keys: Path | None = None) -> dict[str, Any]:
    """Write a backup of the running platform into `target`, which must not exist; return what its manifest says."""
    if "DATABASE_URL" in os.environ:
        raise SystemExit("DATABASE_URL is given: that PostgreSQL is backed up by whoever runs it. This backs up the embedded one.")
    if not processes(state):
        raise SystemExit("The platform does not run; start it with `make run`, the backup is taken while people go on.")
    if target.exists():
        raise SystemExit(f"{target} is there already; a backup never writes over another.")
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    postgres = embedded_postgres(state)
    began = clock.now()
    with ExitStack() as holds:
        for store in STORES:
            holds.enter_context(held(state.files / store))
        base_backup(postgres, partial / "cluster")
        copied = _copy(state, partial, keys)
    said = {
        "form": FORM, "began_at": began.isoformat(), "ended_at": clock.now().isoformat(), "bus": _bus(state), "files": copied,
        "cluster_files": sum(1 for each in (partial / "cluster").rglob("*") if each.is_file()),
    }  # fmt: skip
    write(partial / "manifest.json", json.dumps(said, indent=1).encode())
    partial.rename(target)
    return said


def folders(state: State) -> list[Path]:
    """Return the folders beside the cluster that hold what cannot be made again: letters, attachments, the signing key."""
    return sorted(each for each in state.home.iterdir() if each.is_dir() and each.name not in LEFT)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder of files against deletions; a deletion under way is waited for."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / HOLD).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def base_backup(postgres: EmbeddedPostgres, target: Path) -> None:
    """Copy the cluster with the log that makes it whole, and check the copy against its checksums."""
    where = ("-h", str(postgres.socket_dir), "-U", "postgres", "-w")
    _run(postgres, "pg_basebackup", *where, "-D", str(target), "-X", "stream", "-c", "fast", "--manifest-checksums=SHA256")
    verify(postgres, target)


def verify(postgres: EmbeddedPostgres, cluster: Path) -> None:
    """Check a base backup against the manifest that PostgreSQL wrote with it, its log included."""
    _run(postgres, "pg_verifybackup", "-q", str(cluster))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(state: State, target: Path, keys: Path | None) -> dict[str, str]:
    """Copy what stands beside the cluster; return the checksum of each file by its path in the backup."""
    for folder in folders(state):
        shutil.copytree(folder, target / folder.name, ignore=_passing)
    for name in KEPT:
        if (state.home / name).exists():
            write(target / name, (state.home / name).read_bytes())
    write(keys or target / f"{KEYS}.json", json.dumps(state.read(KEYS)).encode())
    inside = [path for path in target.rglob("*") if path.is_file() and (target / "cluster") not in path.parents]
    return {str(path.relative_to(target)): digest(path) for path in sorted(inside)}


def _passing(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(NAMELESS)]


def write(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads and that is not there yet."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _bus(state: State) -> str:
    """Return where the facts are: in the cluster, or on a bus that goes on by itself."""
    with psycopg.connect(embedded_postgres(state).url()) as connection:
        inside = connection.execute("select 1 from pg_database where datname = 'bus'").fetchone()
    return "inside" if inside else "outside"


def _run(postgres: EmbeddedPostgres, program: str, *arguments: str) -> None:
    done = subprocess.run([str(postgres.programs / program), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{program} failed:\n{done.stdout}{done.stderr}"[-2000:])


if __name__ == "__main__":
    sys.exit(main())
