"""The one table between domain errors, gRPC statuses and what a client sees, in both languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import grpc
from google.rpc import error_details_pb2 as details
from google.rpc import status_pb2

from chassis.errors import Conflict, DomainError, FieldError, Language, NotFound, Refused
from chassis.principal import Unauthenticated

Kind = Literal[
    "refused", "not_found", "conflict", "invalid", "unauthenticated", "denied", "exhausted", "unavailable", "deadline", "internal"
]

STATUS_KEY = "grpc-status-details-bin"
_FIELDS = 200  # field errors that fit into the trailing metadata, well within METADATA_BYTES
METADATA_BYTES = 128 * 1024

CODES: dict[Kind, grpc.StatusCode] = {
    "refused": grpc.StatusCode.FAILED_PRECONDITION,
    "invalid": grpc.StatusCode.INVALID_ARGUMENT,
    "not_found": grpc.StatusCode.NOT_FOUND,
    "conflict": grpc.StatusCode.ABORTED,
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "denied": grpc.StatusCode.PERMISSION_DENIED,
    "exhausted": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "unavailable": grpc.StatusCode.UNAVAILABLE,
    "deadline": grpc.StatusCode.DEADLINE_EXCEEDED,
    "internal": grpc.StatusCode.INTERNAL,
}
KINDS: dict[grpc.StatusCode, Kind] = {code: kind for kind, code in CODES.items()} | {
    grpc.StatusCode.ALREADY_EXISTS: "conflict",
    grpc.StatusCode.OUT_OF_RANGE: "invalid",
    grpc.StatusCode.CANCELLED: "unavailable",
}
SENTENCES: dict[Kind, tuple[str, str]] = {
    "refused": (Refused.id, Refused.en),
    "invalid": ("Isian tidak sesuai ketentuan.", "The input breaks a rule."),
    "not_found": (NotFound.id, NotFound.en),
    "conflict": (Conflict.id, Conflict.en),
    "unauthenticated": ("Silakan masuk terlebih dahulu.", "Please sign in first."),
    "denied": ("Anda tidak berwenang melakukan ini.", "You are not authorised to do this."),
    "exhausted": ("Layanan sedang sibuk. Coba lagi sebentar lagi.", "The service is busy. Try again in a moment."),
    "unavailable": (
        "Layanan ini sedang tidak dapat dihubungi. Coba lagi beberapa saat lagi.",
        "This service cannot be reached at the moment. Try again in a while.",
    ),
    "deadline": ("Layanan terlalu lama menjawab. Coba lagi.", "The service took too long to answer. Try again."),
    "internal": ("Terjadi kesalahan pada sistem. Coba lagi nanti.", "Something went wrong on our side. Try again later."),
}


@dataclass(eq=False)
class Failure(Exception):  # noqa: N818 - it is what the other side answered, not an error of this one
    """A call that did not succeed: its kind, stable code, a sentence in each language, the fields at fault."""

    kind: Kind
    code: str
    id: str
    en: str
    fields: tuple[FieldError, ...] = ()
    retry_after: float | None = None  # seconds

    def __str__(self) -> str:
        return f"{self.kind} ({self.code}): {self.en}"

    def sentence(self, language: Language) -> str:
        """Return the sentence in `language`."""
        return self.en if language == "en" else self.id


def of_kind(kind: Kind, *, retry_after: float | None = None) -> Failure:
    """Return the failure of `kind` with its general sentences."""
    return Failure(kind, kind, *SENTENCES[kind], retry_after=retry_after)


def of_domain(wrong: DomainError) -> Failure:
    """Return a domain error as a failure."""
    kind: Kind = "refused"
    if isinstance(wrong, NotFound):
        kind = "not_found"
    elif isinstance(wrong, Conflict):
        kind = "conflict"
    elif wrong.fields:
        kind = "invalid"
    return Failure(kind, wrong.code, wrong.sentence("id"), wrong.sentence("en"), wrong.fields)


def of_exception(wrong: BaseException) -> Failure:
    """Return any exception of a use case as a failure; what is not foreseen is internal and says nothing of its cause."""
    if isinstance(wrong, Failure):
        return wrong
    if isinstance(wrong, DomainError):
        return of_domain(wrong)
    if isinstance(wrong, Unauthenticated):
        return of_kind("unauthenticated")
    return of_kind(_database_kind(wrong))


def _database_kind(wrong: BaseException) -> Kind:
    """Tell apart what a database can answer under load; recognised by SQLSTATE and class name, so nothing is imported."""
    if type(wrong).__name__ == "TimeoutError" and type(wrong).__module__.startswith("sqlalchemy"):
        return "exhausted"  # no connection of the pool became free
    cause = getattr(wrong, "orig", wrong)
    state = getattr(cause, "sqlstate", None) or ""
    if state == "57014":
        return "deadline"  # statement timeout
    if state in {"40001", "40P01", "55P03"}:
        return "conflict"  # serialisation, deadlock, lock timeout
    away = not state and any(each.__name__ == "OperationalError" for each in type(cause).__mro__)  # refused, lost, timed out
    if away or state[:2] in {"08", "53", "57"}:
        return "unavailable"
    return "internal"


def to_status(failure: Failure) -> status_pb2.Status:
    """Return a failure as google.rpc.Status: ErrorInfo, a LocalizedMessage per language, BadRequest, RetryInfo."""
    status = status_pb2.Status(code=CODES[failure.kind].value[0], message=failure.en)
    parts: list[Any] = [
        details.ErrorInfo(reason=failure.code),
        details.LocalizedMessage(locale="id", message=failure.id),
        details.LocalizedMessage(locale="en", message=failure.en),
    ]
    if failure.fields:
        parts.append(details.BadRequest(field_violations=[_violation(field) for field in failure.fields[:_FIELDS]]))
    if failure.retry_after is not None:
        retry = details.RetryInfo()
        retry.retry_delay.FromMilliseconds(round(failure.retry_after * 1000))
        parts.append(retry)
    for part in parts:
        status.details.add().Pack(part)
    return status


def _violation(field: FieldError) -> details.BadRequest.FieldViolation:
    return details.BadRequest.FieldViolation(
        field=field.field, reason=field.code, description=field.id,
        localized_message=details.LocalizedMessage(locale="en", message=field.en),
    )  # fmt: skip


def from_call(call: grpc.Call) -> Failure:
    """Return the failure that an ended call carries; general sentences where the server sent none."""
    kind = KINDS.get(call.code(), "internal")
    for key, value in call.trailing_metadata() or ():
        if key == STATUS_KEY and isinstance(value, bytes):
            return _from_status(kind, value)
        if key == "grpc-retry-pushback-ms" and re.fullmatch(r"\d{1,7}", str(value)):
            return of_kind(kind, retry_after=int(value) / 1000)
    return of_kind(kind)


def _from_status(kind: Kind, content: bytes) -> Failure:
    code: str = kind
    sentences = dict(zip(("id", "en"), SENTENCES[kind], strict=True))
    fields: Sequence[FieldError] = ()
    retry_after = None
    for part in status_pb2.Status.FromString(content).details:
        if part.Is(details.ErrorInfo.DESCRIPTOR):
            code = details.ErrorInfo.FromString(part.value).reason
        elif part.Is(details.LocalizedMessage.DESCRIPTOR):
            message = details.LocalizedMessage.FromString(part.value)
            sentences[message.locale] = message.message
        elif part.Is(details.BadRequest.DESCRIPTOR):
            violations = details.BadRequest.FromString(part.value).field_violations
            fields = [FieldError(v.field, v.reason, v.description, v.localized_message.message) for v in violations]
        elif part.Is(details.RetryInfo.DESCRIPTOR):
            retry_after = details.RetryInfo.FromString(part.value).retry_delay.ToMilliseconds() / 1000
    return Failure(kind, code, sentences["id"], sentences["en"], tuple(fields), retry_after)
