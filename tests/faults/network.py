"""A small proxy between two parts of the platform, which the drill cuts or holds."""

import contextlib
import os
import socket
import threading
from pathlib import Path

Address = tuple[str, int] | str  # host and port, or the path of a socket


class Proxy:
    """Passes connections on to `target` until it is cut; nobody reads what goes through."""

    def __init__(self, listen: Address, target: Address = "") -> None:
        self.target, self._cut, self._going = target, threading.Event(), threading.Event()
        self._going.set()
        self._live: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server = socket.socket(_family(listen), socket.SOCK_STREAM)
        if isinstance(listen, str):
            Path(listen).unlink(missing_ok=True)
        self._server.bind(listen)
        if isinstance(listen, str):
            os.chmod(listen, 0o666)  # noqa: PTH101 - the folder around it is closed
        self._server.listen(128)
        self.address: Address = self._server.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def place(self) -> str:
        """Return the host:port that it listens at."""
        assert isinstance(self.address, tuple)
        return f"{self.address[0]}:{self.address[1]}"

    @contextlib.contextmanager
    def cut(self):
        """Break every connection and refuse new ones inside the block."""
        self._cut.set()
        with self._lock:
            broken, self._live = list(self._live), set()
        for each in broken:
            _end(each)
        try:
            yield
        finally:
            self._cut.clear()

    @contextlib.contextmanager
    def held(self):
        """Let nothing through inside the block, without telling anybody."""
        self._going.clear()
        try:
            yield
        finally:
            self._going.set()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        far = socket.socket(_family(self.target), socket.SOCK_STREAM)
        if self._cut.is_set() or not _reached(far, self.target):
            _end(near)
            far.close()
            return
        with self._lock:
            self._live |= {near, far}
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := one.recv(65_536):
                self._going.wait()
                other.sendall(content)
        for each in (one, other):
            _end(each)
        with self._lock:
            self._live -= {one, other}


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_UNIX if isinstance(address, str) else socket.AF_INET


def _reached(far: socket.socket, target: Address) -> bool:
    try:
        far.connect(target)
    except OSError:
        return False
    return True


def _end(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
