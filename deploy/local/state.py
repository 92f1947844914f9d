"""What the platform keeps on this machine between starts: folders, secrets, ports. All of it under .local/."""

import base64
import fcntl
import hashlib
import json
import os
import secrets
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class State:
    """The folder `.local/` and what stands where in it."""

    home: Path = ROOT / ".local"
    _held: list[IO[str]] = field(default_factory=list, compare=False, repr=False)

    @property
    def sockets(self) -> Path:
        """Folder of the private sockets; outside when the checkout lies too deep for a socket's 107 characters."""
        near = self.home / "run"
        if len(str(near)) < 80:  # noqa: PLR2004 - leaves room for the longest file name in it
            return near
        name = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"malang-{os.getuid()}-{name}"

    @property
    def logs(self) -> Path:
        """Folder of the processes' logs."""
        return self.home / "log"

    @property
    def files(self) -> Path:
        """Folder of attachments and letters."""
        return self.home / "files"

    def prepare(self) -> None:
        """Make the folders, closed to others."""
        self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
        # PostgreSQL runs as a lesser user when we are root, and must get through to its own folder.
        for folder, mode in ((self.logs, 0o700), (self.files, 0o700), (self.sockets, 0o711)):
            folder.mkdir(mode=mode, parents=True, exist_ok=True)

    def hold(self) -> bool:
        """Take this folder for this process until it ends; False when another has it."""
        if not self.home.exists():
            return True
        self._held.append((self.home / "lock").open("w"))
        try:
            fcntl.flock(self._held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._held.pop().close()
            return False
        return True

    def release(self) -> None:
        """Give this folder free again."""
        while self._held:
            self._held.pop().close()

    def read(self, name: str) -> dict[str, object]:
        """Return a kept JSON object, empty when there is none."""
        path = self.home / f"{name}.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def keep(self, name: str, value: dict[str, object]) -> None:
        """Keep a JSON object, readable by the owner only, replaced in one step."""
        path = self.home / f"{name}.json"
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")
        fresh.replace(path)

    def secrets(self) -> dict[str, str]:
        """Return this machine's secrets, made on the first call."""
        kept = {name: str(value) for name, value in self.read("secrets").items()}
        missing = [name for name in SECRETS if name not in kept]
        if missing:
            kept |= {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in missing}
            self.keep("secrets", dict(kept))
        return kept

    def public(self, name: str) -> str:
        """Return the public key of a secret that is an Ed25519 key, in base64."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(self.secrets()[name]))
        return base64.b64encode(private.public_key().public_bytes_raw()).decode()


SECRETS = (
    "gateway_vault", "gateway_index", "gateway_secret", "singo_vault", "singo_index", "singo_address",
    "twuin_vault", "twuin_index", "twuin_workload", "provider", "demo",
)  # fmt: skip


class Ports:
    """Hands out free loopback ports."""

    def __init__(self) -> None:
        """Start with none taken, somewhere below what the system gives to outgoing connections."""
        self._taken: set[int] = set()
        self._begin = 20_000 + secrets.randbelow(11_000)

    def pick(self, usual: int) -> int:
        """Return the usual port where it is free, else the next free one."""
        return self._first(range(usual, usual + 500))

    def inner(self) -> int:
        """Return a port that nobody needs to remember: neighbours, so that two platforms that start at once hardly meet."""
        return self._first(range(self._begin, self._begin + 500))

    def _first(self, candidates: range) -> int:
        for port in candidates:
            if port not in self._taken and _free(port):
                self._taken.add(port)
                return port
        raise SystemExit(f"No free port between {candidates.start} and {candidates.stop - 1} on 127.0.0.1.")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
