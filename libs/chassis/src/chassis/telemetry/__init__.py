"""What a call carries with it and what it leaves behind: context, traces, structured logs, Prometheus metrics."""

from chassis.telemetry.context import (
    Attributes,
    Span,
    begin,
    call,
    deadline,
    idempotency_key,
    recorded,
    remaining,
    request_id,
    traceparent,
)
from chassis.telemetry.logs import configure, logger
from chassis.telemetry.masking import mask
from chassis.telemetry.metrics import mark_process_dead, registry
from chassis.telemetry.tracing import trace

__all__ = [
    "Attributes",
    "Span",
    "begin",
    "call",
    "configure",
    "deadline",
    "idempotency_key",
    "logger",
    "mark_process_dead",
    "mask",
    "recorded",
    "registry",
    "remaining",
    "request_id",
    "trace",
    "traceparent",
]
