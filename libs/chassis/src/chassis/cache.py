"""Redis for what can be done without: it never raises, never waits long, and everything works when it is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import Counter, Gauge

from chassis import telemetry

if TYPE_CHECKING:
    from redis import Redis

log = telemetry.logger(__name__)
T = TypeVar("T")

TIMEOUT = 0.1  # seconds for each of connecting and answering; the defaults took 4 to 58 s
PAUSES = (1.0, 2.0, 5.0)  # seconds without Redis after the first, second and every further failure
# With a label, so that only who has a cache says something of it: a parent of workers would say for ever that Redis is gone.
ENGINE = "redis"
AVAILABLE = Gauge("cache_available", "1 while the cache answers", ["engine"], multiprocess_mode="livemin")
FAILED = Counter("cache_failures_total", "Operations that the cache did not answer", ["engine"])


class Cache:
    """Keys and values of bytes in Redis; an empty URL is a cache that is always gone."""

    def __init__(self, url: str) -> None:
        """Take redis://…, rediss://…, unix://… or nothing. Connects when first used."""
        self._redis: Redis | None = None
        self._errors: tuple[type[Exception], ...] = ()
        if url:
            self._redis, self._errors = _client(url)
        self._breaker = _Breaker()
        self._failed = FAILED.labels(ENGINE)
        AVAILABLE.labels(ENGINE).set(self.available)

    @property
    def available(self) -> bool:
        """Tell whether Redis answered when last asked."""
        return self._redis is not None and not self._breaker.broken

    def get(self, key: str) -> bytes | None:
        """Return the value, None when there is none or Redis is gone."""
        return self._try(lambda redis: _bytes(redis.get(key)))

    def set(self, key: str, value: bytes, ttl: float) -> bool:
        """Keep `value` for `ttl` seconds; tell whether Redis took it."""
        return bool(self._try(lambda redis: redis.set(key, value, px=_milliseconds(ttl))))

    def delete(self, *keys: str) -> bool:
        """Forget `keys`; tell whether Redis heard."""
        return not keys or self._try(lambda redis: redis.delete(*keys)) is not None

    def incr(self, key: str, ttl: float) -> int | None:
        """Count one more in a window of `ttl` seconds that starts at the first; None when Redis is gone."""

        def count(redis: Redis) -> int:
            with redis.pipeline(transaction=True) as steps:
                steps.set(key, 0, px=_milliseconds(ttl), nx=True)
                steps.incr(key)
                return int(steps.execute()[1])

        return self._try(count)

    def close(self) -> None:
        """End the connections."""
        if self._redis is not None:
            self._redis.close()

    def _try(self, operation: Callable[[Redis], T]) -> T | None:
        if self._redis is None:
            return None
        probe = self._breaker.broken
        if probe and not self._breaker.may_probe():
            return None
        try:
            answer = operation(self._redis)
        except self._errors as wrong:
            self._failed.inc()
            self._breaker.failed(str(wrong), probe=probe)
            return None
        self._breaker.worked()
        return answer


class _Breaker:
    """After a failure nobody asks for a while; then one asks for all."""

    def __init__(self) -> None:
        self.broken = False
        self._failures, self._ask_at = 0, 0.0
        self._lock = threading.Lock()

    def may_probe(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if now < self._ask_at:
                return False
            self._ask_at = now + PAUSES[-1]  # the others go on without until this one knows
            return True

    def failed(self, reason: str, *, probe: bool) -> None:
        with self._lock:
            if self.broken and not probe:
                return  # under way when another failed: known already
            self.broken = True
            self._ask_at = time.monotonic() + PAUSES[min(self._failures, len(PAUSES) - 1)]
            self._failures += 1
        AVAILABLE.labels(ENGINE).set(0)
        log.warning("cache_gone", reason=reason, failures=self._failures)

    def worked(self) -> None:
        if not self.broken:
            return
        with self._lock:
            self.broken, self._failures = False, 0
        AVAILABLE.labels(ENGINE).set(1)
        log.info("cache_back")


def _client(url: str) -> tuple[Redis, tuple[type[Exception], ...]]:
    """Return a client that waits for nothing, and all that it raises; the library takes 35 MB, so only its users load it."""
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
    from redis.retry import Retry

    client = Redis.from_url(
        url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0), retry_on_error=[],
        # One round trip less when connecting, each of which could wait for the time-out.
        protocol=2, driver_info=None, health_check_interval=0,
    )  # fmt: skip
    return client, (RedisError, OSError, ValueError)


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _milliseconds(ttl: float) -> int:
    return max(1, round(ttl * 1000))
