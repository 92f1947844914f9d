"""The gRPC client of one upstream: principal, trace, deadline and idempotency key go along with every call."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from typing import Any, Self, TypeVar, cast

import grpc
from prometheus_client import Histogram

from chassis import telemetry
from chassis.rpc.breaker import MOST, Breaker
from chassis.rpc.failures import METADATA_BYTES, Failure, Kind, from_call, of_kind
from chassis.telemetry import context as call_context

log = telemetry.logger(__name__)

S = TypeVar("S")
MESSAGE_BYTES = 20 * 1024 * 1024
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
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 750),
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
                "retryableStatusCodes": ["UNAVAILABLE"],
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
    ) -> None:
        """Take where it is, its audience, and who gives the caller's token; `idempotent` names methods besides the reads.

        At most `most` calls are on their way to it at once: keep that below the threads of a process which does other things, too.
        """
        self.audience, self.breaker = audience, Breaker(audience, most=most)
        self._token, self._timeout, self._idempotent = token, default_timeout, frozenset(idempotent)
        self._once = grpc.insecure_channel(target, options=_options(BALANCED))
        self._retried = grpc.insecure_channel(target, options=_options(RETRIED))

    def stub(self, kind: Callable[[grpc.Channel], S]) -> S:
        """Return a generated stub whose methods take a request and return its answer, or raise rpc.Failure."""
        return kind(_Methods(self))

    def close(self) -> None:
        """End both connections."""
        self._once.close()
        self._retried.close()

    def method(self, path: str, **how: Any) -> _Method:
        """Return the callable of one method ("/package.Service/Method")."""
        name = path.rpartition("/")[2]
        reads = name.startswith(READS) or name in self._idempotent
        once, retried = (channel.unary_unary(path, **how) for channel in (self._once, self._retried))
        return _Method(path, self, once=retried if reads else once, keyed=retried)

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


class _Method:
    """One method of an upstream, ready to call."""

    __slots__ = ("_attributes", "_keyed", "_name", "_ok", "_once", "_path", "_upstream")

    def __init__(self, path: str, upstream: Upstream, *, once: Any, keyed: Any) -> None:
        self._path, self._upstream, self._once, self._keyed = path, upstream, once, keyed
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
        call = self._keyed if call_context.idempotency_key.get() else self._once
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
