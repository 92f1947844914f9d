"""Passwords: argon2id behind a semaphore, so that many sign-ins do not take all the memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.identity.errors import SystemBusy

_PATIENCE = 5.0  # seconds to wait for a slot


class Hasher:
    """Makes and checks argon2id hashes (t=2, m=19 MiB, p=1)."""

    def __init__(self, slots: int = 2) -> None:
        """Take how many may be at work at once in this process."""
        self._argon = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._slots = threading.BoundedSemaphore(slots)
        # Verified when the account does not exist, so that the answer takes as long.
        self._nobody = self._argon.hash("a password that nobody has")

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        with self._slot():
            return self._argon.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether `password` is the one; with None do the same work and say no."""
        with self._slot():
            try:
                return self._argon.verify(stored or self._nobody, password) and stored is not None
            except (VerificationError, InvalidHashError):
                return False

    def outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other costs than today's."""
        return self._argon.check_needs_rehash(stored)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=_PATIENCE):
            raise SystemBusy
        try:
            yield
        finally:
            self._slots.release()
