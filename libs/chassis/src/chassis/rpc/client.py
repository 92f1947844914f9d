"""The gRPC client of one upstream: principal, trace, deadline and idempotency key go along with every call."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, Self, TypeVar, cast

import grpc
from prometheus_client import Histogram

from chassis import telemetry
from chassis.rpc.breaker import MOST, Breaker
from chassis.rpc.failures import METADATA_BYTES, Failure, Kind, from_call, of_kind
from chassis.rpc.tls import Identity
from chassis.telemetry import context as call_context

log = telemetry.logger(__name__)

S = TypeVar("S")
MESSAGE_BYTES = 20 * 1024 * 1024
_LINGER = 120.0  # seconds that connections with an earlier certificate stay for calls under way
ANSWERED = {"rpc.response.status_code": "OK"}
READS = ("Get", "List", "Find", "Verify", "Usage", "Queue", "Calculate")

SECONDS = Histogram(
    "rpc_client_seconds", "Time until an upstream answered, by method and status", ["method", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip

OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.max_metadata_size", METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", METADATA_BYTES),
    # By default a channel comes back seconds after its server did. The longest pause varies by a fifth: 0.9 s.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 750),
    # By default names are asked for every 30 s at most, and processes that were replaced sooner are not found.
    ("grpc.dns_min_time_between_resolutions_ms", 500),
    # What its name does not say: the time that a connection may take to be made, TLS and all.
    ("grpc.min_reconnect_backoff_ms", 3_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Else all channels of a process share one connection and land on one server process.
    ("grpc.use_local_subchannel_pool", 1),
)
BALANCED: dict[str, Any] = {"loadBalancingConfig": [{"round_robin": {}}]}
RETRIED: dict[str, Any] = BALANCED | {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "0.5s", "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],  # the latter by a server that stops before it took the call
            },
        }
    ],
    # When half of the calls fail, retries would only add to the load: they stop until calls succeed again.
    "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.2},
}  # fmt: skip


class Upstream:
    """A service that this process calls. Make it after forking; one connection serves retried calls, one the others."""

    def __init__(
        self,
        target: str,
        audience: str,
        *,
        token: Callable[[str], str | None],
        default_timeout: float = 5.0,
        idempotent: Collection[str] = (),
        most: int = MOST,
        tls: Identity | None = None,
    ) -> None:
        """Take where it is, its audience, and who gives the caller's token; `idempotent` names methods besides the reads.

        With `tls` both sides show a certificate; that of the server must name the host in `target`. At most `most` calls are on their way to it at once: keep that below the threads of a process which does other things, too.
        """
        self.audience, self.breaker = audience, Breaker(audience, most=most)
        self._token, self._timeout, self._idempotent = token, default_timeout, frozenset(idempotent)
        self._target, self._tls = target, tls
        self._lines = self._dial()

    def stub(self, kind: Callable[[grpc.Channel], S]) -> S:
        """Return a generated stub whose methods take a request and return its answer, or raise rpc.Failure."""
        return kind(_Methods(self))

    def close(self) -> None:
        """End both connections."""
        self._lines.close()

    def method(self, path: str, **how: Any) -> _Method:
        """Return the callable of one method ("/package.Service/Method")."""
        name = path.rpartition("/")[2]
        return _Method(path, self, how, reads=name.startswith(READS) or name in self._idempotent)

    def lines(self) -> _Lines:
        """Return the connections to use now: new ones once the own certificate changed; the old ones end when their calls have."""
        if self._tls is not None and self._tls.renew():
            old, self._lines = self._lines, self._dial()
            ending = threading.Timer(_LINGER, old.close)
            ending.daemon = True
            ending.start()
        return self._lines

    def _dial(self) -> _Lines:
        once, retried = _options(BALANCED), _options(RETRIED)
        if self._tls is None:
            return _Lines(grpc.insecure_channel(self._target, once), grpc.insecure_channel(self._target, retried))
        own = self._tls.pem.for_client()
        return _Lines(grpc.secure_channel(self._target, own, once), grpc.secure_channel(self._target, own, retried))

    def metadata(self, traceparent: str) -> list[tuple[str, str]]:
        """Return what goes along with a call made now."""
        sent = [("x-request-id", call_context.request_id()), ("traceparent", traceparent)]
        if token := self._token(self.audience):
            sent.append(("authorization", f"Bearer {token}"))
        if key := call_context.idempotency_key.get():
            sent.append(("idempotency-key", key))
        return sent

    def budget(self, asked: float | None) -> float:
        """Return the seconds that a call made now may take: the least of what is asked, usual and left."""
        usual = self._timeout if asked is None else asked
        left = call_context.remaining()
        return usual if left is None else min(usual, left)


class _Lines(NamedTuple):
    """The two connections to an upstream."""

    once: grpc.Channel
    retried: grpc.Channel

    def close(self) -> None:
        self.once.close()
        self.retried.close()


class _Method:
    """One method of an upstream, ready to call."""

    __slots__ = ("_attributes", "_how", "_name", "_ok", "_path", "_reads", "_upstream", "_wired")

    def __init__(self, path: str, upstream: Upstream, how: Mapping[str, Any], *, reads: bool) -> None:
        self._path, self._upstream, self._how, self._reads = path, upstream, how, reads
        self._wired = self._wire(upstream.lines())
        self._ok = SECONDS.labels(path, "OK")
        self._name = path.lstrip("/")
        self._attributes = {"rpc.system.name": "grpc", "rpc.method": self._name, "server.address": upstream.audience}

    def __call__(self, request: Any, timeout: float | None = None) -> Any:
        """Call; `timeout` (seconds) replaces the upstream's default."""
        budget = self._upstream.budget(timeout)
        if budget <= 0:
            raise of_kind("deadline")
        breaker, outcome = self._upstream.breaker, cast("Kind | None", "internal")
        probe = breaker.enter(budget)
        try:
            answer = self._call(request, budget)
            outcome = None
        except Failure as failure:
            outcome = failure.kind
            raise
        finally:
            breaker.leave(outcome, budget, probe=probe)
        return answer

    def _call(self, request: Any, budget: float) -> Any:
        lines = self._upstream.lines()
        if lines is not self._wired[0]:
            self._wired = self._wire(lines)
        _lines, once, keyed = self._wired
        call = keyed if call_context.idempotency_key.get() else once
        started = time.perf_counter()
        span, traceparent = telemetry.begin(self._name, "client", telemetry.traceparent(), self._attributes)
        try:
            answer = call(request, timeout=budget, metadata=self._upstream.metadata(traceparent))
        except grpc.RpcError as wrong:
            failure = from_call(cast("grpc.Call", wrong))  # what a call raises is the call itself
            code = cast("grpc.Call", wrong).code().name
            span.note({"rpc.response.status_code": code})
            span.fail(code)
            SECONDS.labels(self._path, failure.kind).observe(time.perf_counter() - started)
            if failure.kind in {"unavailable", "deadline", "internal"}:
                log.warning("upstream_failed", method=self._path, kind=failure.kind, reason=cast("grpc.Call", wrong).details())
            raise failure from wrong
        else:
            span.note(ANSWERED)
        finally:
            span.end()
        self._ok.observe(time.perf_counter() - started)
        return answer

    def _wire(self, lines: _Lines) -> tuple[_Lines, Any, Any]:
        """Return connections with what calls this method over them: as it is, and with an idempotency key."""
        once, retried = (channel.unary_unary(self._path, **self._how) for channel in lines)
        return lines, retried if self._reads else once, retried


class _Methods(grpc.Channel):
    """What a generated stub takes for a channel: it hands out methods of the upstream."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def unary_unary(self, method: str, request_serializer: Any = None, response_deserializer: Any = None, **_how: Any) -> Any:
        """Return one method."""
        return self._upstream.method(
            method, request_serializer=request_serializer, response_deserializer=response_deserializer, _registered_method=True
        )

    def _unsupported(self, *_args: Any, **_kwargs: Any) -> Any:
        raise NotImplementedError("calls between services are unary")

    unary_stream = stream_unary = stream_stream = subscribe = unsubscribe = _unsupported

    def close(self) -> None:
        """Do nothing: the upstream owns its connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None


def _options(config: dict[str, Any]) -> list[tuple[str, Any]]:
    return [*OPTIONS, ("grpc.service_config", json.dumps(config))]
