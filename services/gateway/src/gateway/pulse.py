"""A worker of the portal says every second that its threads still run; the parent process hears who has fallen silent."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

EVERY = 1.0  # seconds between two signs of life, and between two looks
_LOOPBACK = "127.0.0.1"


class Pulse:
    """What the parent hears. Looks are counted and not seconds: when the whole machine stood still, nobody was silent."""

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._silent: dict[int, int] = {}
        self._heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._heard.bind((_LOOPBACK, 0))
        self._heard.setblocking(False)
        self.port: int = self._heard.getsockname()[1]

    def look(self, workers: Iterable[int]) -> list[int]:
        """Return those of the processes that said nothing at the last `patience` looks."""
        heard = set()
        with suppress(BlockingIOError):
            while True:
                heard.add(int.from_bytes(self._heard.recv(8)))
        self._silent = {each: 0 if each in heard else self._silent.get(each, 0) + 1 for each in workers}
        return [each for each, looks in self._silent.items() if looks >= self._patience]


def beat(port: int) -> None:
    """Begin to tell the parent's `port` that this worker lives."""
    threading.Thread(target=_beat, args=(port,), name="pulse", daemon=True).start()


def _beat(port: int) -> None:
    itself = os.getpid().to_bytes(8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as parent:
        while True:
            with suppress(OSError):
                parent.sendto(itself, (_LOOPBACK, port))
            time.sleep(EVERY)
