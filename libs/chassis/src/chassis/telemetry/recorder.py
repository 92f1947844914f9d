"""OpenTelemetry's spans behind `context.Span`, sent by OTLP or written to a file. Only `tracing` loads this module."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags, set_span_in_context
from opentelemetry.trace import Span as OtelSpan

from chassis.settings import Common
from chassis.telemetry.context import Attributes, Kind, Span

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

_KINDS: dict[Kind, SpanKind] = {
    "internal": SpanKind.INTERNAL, "server": SpanKind.SERVER, "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER, "consumer": SpanKind.CONSUMER,
}  # fmt: skip
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_EVERY = 1000  # ms between two exports
_WAITING = 16_384  # spans that wait for the next export; beyond that they are lost, not waited for


class SpanRecorder:
    """Makes spans of one process. Who records is chosen before (`context.enter`), so every span made here is exported."""

    def __init__(self, name: str, settings: Common) -> None:
        """Take the process's name and where its spans go."""
        resource = Resource.create(
            {
                "service.name": name,
                "service.namespace": "malang",
                "service.instance.id": str(uuid.uuid4()),
                "process.pid": os.getpid(),
            }
        )
        provider = TracerProvider(ALWAYS_ON, resource)  # it exports what is left when the process ends
        provider.add_span_processor(BatchSpanProcessor(_exporter(settings), _WAITING, _EVERY))
        self._tracer = provider.get_tracer("chassis")

    def __call__(self, name: str, kind: Kind, parent: str, attributes: Attributes) -> tuple[Span, str]:
        """Return a span that began now and its trace context."""
        made = self._tracer.start_span(name, _around(parent), _KINDS[kind], attributes)
        here = made.get_span_context()
        return _Recorded(made), f"00-{here.trace_id:032x}-{here.span_id:016x}-01"


class _Recorded(Span):
    __slots__ = ("_span",)

    def __init__(self, span: OtelSpan) -> None:
        self._span: OtelSpan | None = span

    def note(self, attributes: Attributes) -> None:
        if self._span:
            self._span.set_attributes(attributes)

    def fail(self, error_type: str) -> None:
        if self._span:
            self._span.set_attribute("error.type", error_type)
            self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        if self._span:
            self._span.end()

    def drop(self) -> None:
        self._span = None


def _around(parent: str) -> Context:
    """Return what the SDK takes for the parent: never its own notion of a present span."""
    if not parent:
        return Context()
    outer = SpanContext(int(parent[3:35], 16), int(parent[36:52], 16), is_remote=True, trace_flags=_SAMPLED)
    return set_span_in_context(NonRecordingSpan(outer), Context())


def _exporter(settings: Common) -> SpanExporter:
    if settings.traces != "otlp":
        return FileExporter(Path(settings.traces.removeprefix("file:")))
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(settings.traces_endpoint)


class FileExporter(SpanExporter):
    """Appends each batch to a file as one line of OTLP's JSON; many processes share the file, which may be moved away."""

    def __init__(self, path: Path) -> None:
        """Take the file."""
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write one line in one piece."""
        line = orjson.dumps(_traces_data(spans)) + b"\n"
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            return SpanExportResult.SUCCESS if os.write(file, line) == len(line) else SpanExportResult.FAILURE
        finally:
            os.close(file)


def _traces_data(spans: Sequence[ReadableSpan]) -> dict[str, Any]:
    """Return spans of one process as opentelemetry.proto.trace.v1.TracesData is written in JSON (ids in hex)."""
    resource = {"attributes": _pairs(dict(spans[0].resource.attributes))}
    scope = {"name": "chassis"}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": [_span(each) for each in spans]}]}]}


def _span(span: ReadableSpan) -> dict[str, Any]:
    here, outer = span.get_span_context(), span.parent
    assert here is not None
    written: dict[str, Any] = {
        "traceId": f"{here.trace_id:032x}", "spanId": f"{here.span_id:016x}", "name": span.name, "kind": span.kind.value + 1,
        "startTimeUnixNano": str(span.start_time), "endTimeUnixNano": str(span.end_time),
        "attributes": _pairs(dict(span.attributes or {})),
    }  # fmt: skip
    if outer is not None:
        written["parentSpanId"] = f"{outer.span_id:016x}"
    if span.status.status_code is not StatusCode.UNSET:
        written["status"] = {"code": span.status.status_code.value}
    return written


def _pairs(attributes: dict[str, AttributeValue]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: AttributeValue) -> dict[str, Any]:
    if isinstance(value, int):  # a truth value is never given
        return {"intValue": str(value)}
    if isinstance(value, str):
        return {"stringValue": value}
    return {"arrayValue": {"values": [_value(each) for each in value]} if isinstance(value, Sequence) else {}}
