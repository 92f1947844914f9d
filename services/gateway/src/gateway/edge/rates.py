"""Rate limits: fixed windows counted in Redis for all processes, and in this process alone when Redis is gone."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from chassis import clock
from chassis.cache import Cache

_MOST = 50_000  # keys remembered in a process


@dataclass(slots=True)
class _Window:
    """What this process knows of one key in one window."""

    number: int
    used: int = 0  # requests let through here
    leased: int = 0  # of them and more, allowed by Redis
    over: bool = False


class Limiter:
    """Lets so many through per window. A `lease` greater than one asks Redis only once for so many requests."""

    def __init__(self, cache: Cache) -> None:
        """Take the shared counter."""
        self._cache = cache
        self._windows: dict[str, _Window] = {}
        self._lock = threading.Lock()

    def wait(self, key: str, limit: int, window: float = 60.0, *, lease: int = 1) -> float:
        """Count one request under `key`; return 0 to let it through, else the seconds until the next window."""
        now = clock.now().timestamp()
        number = int(now // window)
        left = (number + 1) * window - now
        with self._lock:
            known = self._windows.get(key)
            if known is None or known.number != number:
                known = self._windows[key] = _Window(number)
                self._trim()
            if known.over or known.used >= limit:
                known.over = True
                return left
            known.used += 1
            if known.used <= known.leased:
                return 0.0
            known.leased += lease
        taken = self._cache.incr(f"rate:{key}:{number}", window + 1)
        if taken is not None and (taken - 1) * lease >= limit:
            known.over = True
            return left
        return 0.0

    def _trim(self) -> None:
        if len(self._windows) > _MOST:
            for key in list(self._windows)[: _MOST // 2]:
                del self._windows[key]
