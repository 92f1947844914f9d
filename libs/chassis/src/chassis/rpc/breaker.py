"""What keeps one slow or dead upstream from holding a whole process: a bulkhead around its calls, and a circuit.

The bulkhead lets `most` calls be on their way at once; one more waits a moment and then fails as exhausted. The circuit counts
failures of the connection (no answer, too late) that nothing but failures came between: `failures` of them within `window`
seconds open it. For `rest` seconds every call then fails at once as unavailable; after that one call tries, and its outcome
closes the circuit or opens it again. Both live in one process and are about an upstream as a whole.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from prometheus_client import Counter

from chassis import telemetry
from chassis.rpc.failures import Kind, of_kind

log = telemetry.logger(__name__)

MOST = 64  # calls on their way to one upstream at once
_PATIENCE = 0.2  # seconds that a call waits for its place; fast peers free one in milliseconds
_EVIDENCE = 0.5  # seconds: a call that was given less time than this and came too late says nothing of the peer
REFUSED = Counter("rpc_client_refused_total", "Calls that were not sent, by upstream and reason", ["upstream", "reason"])


class Breaker:
    """The bulkhead and the circuit of one upstream; any thread may use it."""

    def __init__(
        self,
        upstream: str,
        *,
        most: int = MOST,
        failures: int = 5,
        window: float = 10.0,
        rest: float = 0.5,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the name of the upstream for logs and metrics, and the limits."""
        self._name, self._failures, self._window, self._rest, self._now = upstream, failures, window, rest, now
        self._places = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._failed: list[float] = []  # when, since the last answer
        self._opened: float | None = None
        self._probing = False

    def enter(self, budget: float) -> bool:
        """Take a place for a call that may take `budget` seconds, or raise what stands for its failure; True for a probe."""
        probe = self._pass()
        if self._places.acquire(timeout=min(_PATIENCE, budget)):
            return probe
        if probe:
            with self._lock:
                self._probing = False
        REFUSED.labels(self._name, "full").inc()
        raise of_kind("exhausted", retry_after=1.0)

    def leave(self, outcome: Kind | None, budget: float, *, probe: bool) -> None:
        """Give the place back; `outcome` is the kind of the failure, None for an answer."""
        self._places.release()
        if outcome == "unavailable" or (outcome == "deadline" and budget >= _EVIDENCE):
            self._fail(probe=probe)
        elif outcome == "deadline":
            with self._lock:
                self._probing = self._probing and not probe
        elif self._failed or self._opened is not None:  # any other failure is an answer, too
            self._close()

    def _pass(self) -> bool:
        if self._opened is None:  # read without the lock: every call passes here
            return False
        with self._lock:
            if self._opened is None:
                return False
            left = self._opened + self._rest - self._now()
            if left <= 0 and not self._probing:
                self._probing = True
                return True
        REFUSED.labels(self._name, "open").inc()
        raise of_kind("unavailable", retry_after=max(left, 1.0))

    def _fail(self, *, probe: bool) -> None:
        with self._lock:
            now = self._now()
            self._failed = [*(at for at in self._failed if at > now - self._window), now][-self._failures :]
            if probe:
                self._probing = False
                self._opened = now
            elif self._opened is None and len(self._failed) >= self._failures:
                self._opened = now
                log.warning("circuit_open", upstream=self._name, seconds=self._rest)

    def _close(self) -> None:
        with self._lock:
            was, self._opened, self._probing = self._opened, None, False
            self._failed.clear()
        if was is not None:
            log.warning("circuit_closed", upstream=self._name)
