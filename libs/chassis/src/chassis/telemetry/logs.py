"""Structured logs: one JSON object a line with request id and trace id, identity numbers masked."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from structlog.typing import FilteringBoundLogger, Processor

from chassis.settings import Common
from chassis.telemetry.context import _traceparent, request_id
from chassis.telemetry.masking import masked

Event = MutableMapping[str, Any]
_DETAIL = re.compile(r"^DETAIL:.*$", re.MULTILINE)


def logger(name: str) -> FilteringBoundLogger:
    """Return the structured logger of a module."""
    bound: FilteringBoundLogger = structlog.get_logger(module=name)
    return bound


def configure(service: str, process: str, settings: Common) -> None:
    """Write logs of this process, and of the libraries in it, to standard error as `settings` say: standard output is for answers of commands."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]

    def whoami(_logger: object, _method: str, event: Event) -> Event:
        event["service"], event["process"] = service, process
        return event

    structlog.configure(
        processors=[whoami, *_processors(settings.log_format)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer)
        if settings.log_format == "json"
        else structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through the standard module: warnings and worse, in the same form.
    logging.basicConfig(handlers=[_Bridge()], level=max(level, logging.WARNING), force=True)
    logging.captureWarnings(capture=True)


def _processors(form: str) -> list[Processor]:
    shared: list[Processor] = [structlog.processors.add_log_level, _in_context, _exception, _mask]
    if form == "console":
        return [*shared, structlog.processors.TimeStamper("%H:%M:%S", utc=False), structlog.dev.ConsoleRenderer(colors=False)]
    return [*shared, structlog.processors.TimeStamper("iso", utc=True, key="time"), _render]


def _in_context(_logger: object, _method: str, event: Event) -> Event:
    if known := request_id():
        event["request_id"] = known
    if trace := _traceparent.get():
        event["trace_id"], event["span_id"] = trace[3:35], trace[36:52]
    return event


def _exception(logger: object, method: str, event: Event) -> Event:
    """Format an exception without the values that a database's errors show: parameters, failing rows, duplicate keys."""
    wrong = event.get("exc_info")
    wrong = sys.exc_info()[1] if wrong is True else wrong[1] if isinstance(wrong, tuple) else wrong
    seen: set[int] = set()
    while isinstance(wrong, BaseException) and id(wrong) not in seen:
        seen.add(id(wrong))
        if hasattr(wrong, "hide_parameters"):
            wrong.hide_parameters = True
        wrong = wrong.__cause__ or wrong.__context__
    event = dict(structlog.processors.format_exc_info(logger, method, event))
    if "exception" in event:
        event["exception"] = _DETAIL.sub("DETAIL: withheld", event["exception"])
    return event


def _mask(_logger: object, _method: str, event: Event) -> Event:
    return {key: masked(value) for key, value in event.items()}


def _render(_logger: object, _method: str, event: Event) -> bytes:
    return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS)


class _Bridge(logging.Handler):
    """Hands records of the standard logging module to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            said = logger(record.name)
            said.log(max(record.levelno, logging.DEBUG), record.getMessage(), exc_info=record.exc_info or None)
        except Exception:  # noqa: BLE001 - logging must not fail its caller
            self.handleError(record)
