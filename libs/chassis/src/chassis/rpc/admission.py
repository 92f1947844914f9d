"""What surrounds every call on the server: context, authentication, rule, metrics, the answer to an error."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, cast

import grpc
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection
from prometheus_client import Gauge, Histogram

from chassis import faults, telemetry
from chassis.principal import Principal, Unauthenticated, Verifier, become, peek
from chassis.rpc.client import ANSWERED
from chassis.rpc.failures import CODES, STATUS_KEY, Failure, of_exception, of_kind, to_status
from chassis.rpc.rules import Rule, rules_of
from chassis.telemetry import context as call_context

log = telemetry.logger(__name__)

SECONDS = Histogram(
    "rpc_server_seconds", "Time to answer a call, by method and status", ["method", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
RUNNING = Gauge("rpc_server_running", "Calls being answered now", multiprocess_mode="livesum")

# Health is for probes and balancers, reflection for developers; neither shows anything of a person.
_OPEN = (f"/{health.SERVICE_NAME}/", f"/{reflection.SERVICE_NAME}/")
_BEARER = "Bearer "
# What the conventions call the server's own failures; every other status is an answer.
_OWN_FAULTS = frozenset({
    grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DATA_LOSS,
})  # fmt: skip
_SLOW = 1.0  # seconds after which an answer is worth a line in the log
Behaviour = Callable[[Any, grpc.ServicerContext], Any]


class _Handler(Protocol):
    request_deserializer: Any
    response_serializer: Any
    unary_unary: Behaviour | None


class Admission(grpc.ServerInterceptor):
    """Wraps each method once, when it is first called; streams other than health and reflection are refused."""

    def __init__(self, verifier: Verifier) -> None:
        """Take who verifies tokens."""
        self._verifier = verifier
        self._wrapped: dict[str, Any] = {}

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Return the wrapped handler of a method, None for one that does not exist."""
        method = handler_call_details.method
        known = self._wrapped.get(method)
        if known is not None:
            return known
        handler = continuation(handler_call_details)
        if handler is not None:  # only methods that exist are remembered, so callers cannot fill the memory
            handler = handler if method.startswith(_OPEN) else self._wrap(method, handler)
            self._wrapped[method] = handler
        return handler

    def _wrap(self, method: str, handler: _Handler) -> Any:
        behaviour = handler.unary_unary
        rules = rules_of(behaviour) if behaviour is not None else ()
        if behaviour is None:
            log.error("streaming_method_refused", method=method)
        surrounded = _Surrounded(method, behaviour or _nothing, rules, self._verifier)
        return grpc.unary_unary_rpc_method_handler(surrounded, handler.request_deserializer, handler.response_serializer)


def _nothing(_request: Any, _context: grpc.ServicerContext) -> Any:
    raise of_kind("denied")


class _Surrounded:
    """One method with all that surrounds it. gRPC gives each call a context of its own, so nothing is reset."""

    def __init__(self, method: str, behaviour: Behaviour, rules: tuple[Rule, ...], verifier: Verifier) -> None:
        self._method, self._behaviour, self._verifier = method, behaviour, verifier
        self._admit = tuple(rule.admits for rule in rules)
        self._ok = SECONDS.labels(method, "OK")
        self._name = method.lstrip("/")
        self._attributes = {"rpc.system.name": "grpc", "rpc.method": self._name}

    def __call__(self, request: Any, context: grpc.ServicerContext) -> Any:
        started = time.perf_counter()
        metadata = cast("dict[str, str]", dict(context.invocation_metadata()))  # only keys that end with -bin hold bytes
        given = metadata.get
        span = call_context.enter(given("x-request-id", ""), given("traceparent", ""), self._name, "server", self._attributes)
        RUNNING.inc()
        try:
            self._enter(context, metadata)
            answer = self._behaviour(request, context)
            if call_context.idempotency_key.get() is not None:  # an effect, and it is committed
                faults.reach("commit_acknowledge")
        except Exception as wrong:  # noqa: BLE001 - the one place where errors become statuses
            self._fail(wrong, context, span, time.perf_counter() - started)
        else:
            took = time.perf_counter() - started
            self._ok.observe(took)
            span.note(ANSWERED)
            if took > _SLOW:
                log.warning("call_slow", method=self._method, seconds=round(took, 3))
            return answer
        finally:
            span.end()
            RUNNING.dec()

    def _enter(self, context: grpc.ServicerContext, metadata: dict[str, str]) -> None:
        call_context.idempotency_key.set(metadata.get("idempotency-key") or None)
        left = context.time_remaining()
        call_context.deadline.set(None if left is None else time.monotonic() + left)
        who = self._authenticated(metadata.get("authorization"))
        become(who)
        for admits in self._admit:
            if admits(who):
                return
        raise Unauthenticated if who is None and self._admit else of_kind("denied")

    def _authenticated(self, authorization: str | None) -> Principal | None:
        if authorization is None:
            return None
        if not authorization.startswith(_BEARER):
            raise Unauthenticated
        return self._verifier.verify(authorization[len(_BEARER) :])

    def _fail(self, wrong: Exception, context: grpc.ServicerContext, span: telemetry.Span, took: float) -> None:
        failure = of_exception(wrong)
        code = CODES[failure.kind]
        SECONDS.labels(self._method, code.name).observe(took)
        span.note({"rpc.response.status_code": code.name})
        if code in _OWN_FAULTS:
            span.fail(code.name)
        self._say(failure, wrong)
        status = to_status(failure)
        context.set_trailing_metadata(((STATUS_KEY, status.SerializeToString()),))
        # Aborting raises, which is how gRPC is told; every earlier exception has been answered by now.
        context.abort(code, failure.en)

    def _say(self, failure: Failure, wrong: Exception) -> None:
        if failure.kind == "internal" and not isinstance(wrong, Failure):
            log.error("call_failed", method=self._method, exc_info=wrong)
        elif failure.kind in {"unavailable", "deadline", "exhausted"}:
            reason = str(getattr(wrong, "orig", wrong)).partition("\n")[0]  # a driver's further lines show values
            log.warning("call_not_answered", method=self._method, kind=failure.kind, reason=reason)
        elif failure.kind in {"unauthenticated", "denied"}:
            who = peek()
            log.info("call_refused", method=self._method, kind=failure.kind, subject=who.subject if who else None)
