"""What a call carries with it and what it leaves behind: context, structured logs, Prometheus metrics."""

from chassis.telemetry.context import call, deadline, idempotency_key, remaining, request_id, traceparent
from chassis.telemetry.logs import configure, logger
from chassis.telemetry.masking import mask
from chassis.telemetry.metrics import mark_process_dead, registry

__all__ = [
    "call",
    "configure",
    "deadline",
    "idempotency_key",
    "logger",
    "mark_process_dead",
    "mask",
    "registry",
    "remaining",
    "request_id",
    "traceparent",
]
