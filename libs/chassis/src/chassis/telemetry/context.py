"""The context of the present call: request id, W3C trace context and its span, remaining time, idempotency key.

The trace context is kept and passed on whether or not anything is recorded; where traces are on (`telemetry.tracing`), its
spans are OpenTelemetry's. Nothing else says which span is the present one.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, Protocol

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int | list[str]]

idempotency_key: ContextVar[str | None] = ContextVar("idempotency_key", default=None)
"""The key that the client of the present call sent; it travels down with every call made inside."""

deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""The instant (time.monotonic, seconds) by which the present call must have answered."""

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_traceparent: ContextVar[str] = ContextVar("traceparent", default="")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_ATTRIBUTES: Attributes = {}
_ODD = frozenset("13579bdf")  # the last digit of flags that say: recorded


class Span:
    """A piece of work in a trace. One of this class leaves no record; attributes hold no data of a person."""

    __slots__ = ()

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""

    def fail(self, error_type: str) -> None:
        """Say that the work failed, and with what kind of error."""

    def end(self) -> None:
        """End now."""

    def drop(self) -> None:
        """Leave no record after all."""


class Recorder(Protocol):
    """Makes spans that leave a record."""

    def __call__(self, name: str, kind: Kind, parent: str, attributes: Attributes) -> tuple[Span, str]:
        """Return a span that began now and its trace context; an empty `parent` begins a trace."""


UNRECORDED = Span()
_recorder: Recorder | None = None
_ratio = 0.0


def record(recorder: Recorder | None, ratio: float) -> None:
    """Record the traces that others chose to record, and this share of those that begin here; None records nothing."""
    global _recorder, _ratio
    _recorder, _ratio = recorder, ratio if recorder else 0.0


def request_id() -> str:
    """Return the id of the present call, empty outside of one."""
    return _request_id.get()


def traceparent(*, recorded: bool = True) -> str:
    """Return the W3C trace context of the present call, a new one outside of any; `recorded=False`: what follows is not recorded."""
    present = _traceparent.get() or _child(None)
    return present if recorded else f"{present[:53]}00"


def remaining() -> float | None:
    """Return the seconds that the present call has left (zero or less when it is over), None when it has no limit."""
    limit = deadline.get()
    return None if limit is None else limit - time.monotonic()


def recorded(parent: str) -> bool:
    """Tell whether a span inside this trace context leaves a record."""
    return _recorder is not None and parent[-1:] in _ODD


def begin(name: str, kind: Kind, parent: str, attributes: Attributes = _NO_ATTRIBUTES) -> tuple[Span, str]:
    """Begin a span in a trace context that this platform made; return it and the context of what it causes."""
    if _recorder is not None and recorded(parent):
        return _recorder(name, kind, parent, attributes)
    return UNRECORDED, parent


def enter(
    request: str = "", parent: str = "", name: str = "", kind: Kind = "server", attributes: Attributes = _NO_ATTRIBUTES,
    *, trusted: bool = True,
) -> Span:  # fmt: skip
    """Begin a call in a context of its own and return its span; what is malformed is replaced, never trusted.

    A call without a name has no span. Strangers (`trusted=False`) may say which trace they are in, not whether it is recorded.
    """
    _request_id.set(request if _REQUEST_ID.fullmatch(request) else os.urandom(16).hex())
    known = _known(parent) if parent else None
    if _recorder is not None and name:
        chosen = known[3][-1] in _ODD if known and trusted else random.random() < _ratio  # noqa: S311 - no secret
        if chosen:
            span, present = _recorder(name, kind, f"00-{known[1]}-{known[2]}-01" if known else "", attributes)
            _traceparent.set(present)
            return span
    _traceparent.set(_child(known, trusted=trusted))
    return UNRECORDED


def leave() -> None:
    """Leave nothing of a call that was entered in this thread."""
    _request_id.set("")
    _traceparent.set("")
    deadline.set(None)
    idempotency_key.set(None)


@contextmanager
def call(
    request_id: str = "", traceparent: str = "", name: str = "", kind: Kind = "internal", attributes: Attributes = _NO_ATTRIBUTES
) -> Iterator[Span]:
    """Be one call inside the block: the given id and the child of the given trace, new ones where absent or malformed."""
    before = _request_id.get(), _traceparent.get()
    span = enter(request_id, traceparent, name, kind, attributes)
    try:
        yield span
    except BaseException as wrong:
        span.fail(type(wrong).__name__)
        span.end()
        raise
    else:
        span.end()
    finally:
        _request_id.set(before[0])
        _traceparent.set(before[1])


def _known(parent: str) -> re.Match[str] | None:
    """Return the parts of a trace context, None when it is malformed."""
    known = _TRACEPARENT.fullmatch(parent)
    # All zeroes is how the standard says "none"; a version of ff is forbidden; only version 00 has exactly four parts.
    if (
        known
        and known[1].strip("0")
        and known[2].strip("0")
        and not parent.startswith("ff")
        and (not known[4] or parent[:2] != "00")
    ):
        return known
    return None


def _child(known: re.Match[str] | None, *, trusted: bool = True) -> str:
    span = os.urandom(8).hex()
    if known:
        return f"00-{known[1]}-{span}-{known[3] if trusted else '00'}"
    return f"00-{os.urandom(16).hex()}-{span}-00"
