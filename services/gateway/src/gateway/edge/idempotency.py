"""Idempotency keys: what creates or pays is done once, however often it is sent; kept in PostgreSQL for a day."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from chassis import clock, telemetry
from chassis.errors import Refused
from chassis.inbox import InFlight, KeyReused
from chassis.rpc import idempotency_key
from flask import g, make_response, request
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from gateway.edge import cookies
from gateway.edge.context import gateway
from gateway.edge.csrf import FIELD as FORM_TOKEN
from gateway.kept_answers import KeptAnswer

log = telemetry.logger(__name__)
F = TypeVar("F", bound=Callable[..., Any])
HEADER, FIELD = "Idempotency-Key", "idempotency_key"
_KEY = re.compile(r"[\x21-\x7e]{8,128}")
_LEASE = dt.timedelta(seconds=30)  # then a request that never answered is taken over; services know its key
_HEADERS = ("Content-Type", "Location", "Content-Disposition", "ETag")
_DONE = 500  # answers from here on are not kept: the next try does the work


class KeyRequired(Refused):
    """A request that creates or pays comes without a usable key."""

    id = "Sertakan Idempotency-Key berisi 8 sampai 128 karakter tanpa spasi."
    en = "Send an Idempotency-Key of 8 to 128 characters without blanks."


@dataclass(frozen=True, slots=True)
class _Slot:
    """The place of one request in the table."""

    person: str
    key: str
    request_hash: bytes
    attempt: str


def new_idempotency_key() -> str:
    """Return a key for a hidden field of a form."""
    return uuid.uuid4().hex


def idempotent(view: F) -> F:
    """Do the view's work once per person and key; the key goes down with the calls it makes.

    Same key and body: the stored answer. Another body: KeyReused (422). In flight: InFlight (409).
    """

    @functools.wraps(view)
    def inner(*args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return view(*args, **kwargs)
        key = request.headers.get(HEADER) or request.form.get(FIELD, "")
        if not _KEY.fullmatch(key):
            raise KeyRequired
        slot = _Slot(_person(), key, _request_hash(), uuid.uuid4().hex)
        if (kept := _enter(slot)) is not None:
            return kept
        return _work(slot, functools.partial(view, *args, **kwargs))

    inner.__idempotent__ = True  # type: ignore[attr-defined]  # functions take attributes; their type does not say so
    return inner  # type: ignore[return-value]  # wraps keeps what callers see


def _work(slot: _Slot, view: Callable[[], Any]) -> Response:
    try:
        with idempotency_key(slot.key):
            response = make_response(view())
    except BaseException as wrong:
        # A refusal is given again by doing the check again; nothing was changed.
        _settle(slot, _release)
        raise wrong from None
    if response.status_code >= _DONE or response.is_streamed:
        _settle(slot, _release)
    else:
        _settle(slot, functools.partial(_keep, response=response))
    return response


def _settle(slot: _Slot, how: Callable[[_Slot], None]) -> None:
    """Keep or give up the place. What was answered is answered: without the database the place stays taken until its lease ends."""
    try:
        how(slot)
    except SQLAlchemyError as wrong:
        log.warning("idempotency_place_left", reason=type(wrong).__name__)


def _person() -> str:
    if g.person is not None:
        return f"{g.person.kind}:{g.person.id}"
    return f"anonymous:{cookies.value_of('form') or request.remote_addr}"


def _request_hash() -> bytes:
    """Return what two sendings of one request have in common: path and content, without form tokens and boundaries."""
    digest = hashlib.sha256(f"{request.method} {request.path}?{request.query_string.decode('latin-1')}\n".encode())
    if request.mimetype in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        fields = sorted((name, value) for name, value in request.form.items(multi=True) if name not in {FORM_TOKEN, FIELD})
        digest.update(orjson.dumps(fields))
        for name, file in sorted(request.files.items(multi=True), key=lambda part: part[0]):
            digest.update(orjson.dumps([name, file.filename, hashlib.sha256(file.stream.read()).hexdigest()]))
            file.stream.seek(0)
    else:
        digest.update(request.get_data(cache=True))
    return digest.digest()


def _enter(slot: _Slot) -> Response | None:
    """Take the place, or return the answer that is kept there."""
    now = clock.now()
    values: dict[str, Any] = {"request_hash": slot.request_hash, "attempt": slot.attempt, "locked_until": now + _LEASE}
    with gateway().db.transaction() as session:
        fresh = insert(KeptAnswer).values(person=slot.person, key=slot.key, created_at=now, **values)
        if session.scalar(fresh.on_conflict_do_nothing().returning(KeptAnswer.key)) is not None:
            return None
        row = session.scalars(
            select(KeptAnswer).where(KeptAnswer.person == slot.person, KeptAnswer.key == slot.key).with_for_update()
        ).one_or_none()
        if row is None:
            raise InFlight  # released in between; the client tries again
        if row.request_hash != slot.request_hash:
            raise KeyReused
        if row.status is not None:
            return _kept(row)
        if row.locked_until > now:
            raise InFlight
        row.attempt, row.locked_until = slot.attempt, now + _LEASE
        return None


def _kept(row: KeptAnswer) -> Response:
    body = gateway().vault.open_bytes(row.body_sealed or b"", bound=_bound(row.person, row.key))
    response = Response(body, row.status)
    for name, value in orjson.loads(row.headers or "{}").items():
        response.headers[name] = value
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _keep(slot: _Slot, response: Response) -> None:
    headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
    with gateway().db.transaction() as session:
        session.execute(
            update(KeptAnswer)
            .where(KeptAnswer.person == slot.person, KeptAnswer.key == slot.key, KeptAnswer.attempt == slot.attempt)
            .values(
                status=response.status_code, headers=orjson.dumps(headers).decode(),
                body_sealed=gateway().vault.seal_bytes(response.get_data(), bound=_bound(slot.person, slot.key)),
            )
        )  # fmt: skip


def _release(slot: _Slot) -> None:
    with gateway().db.transaction() as session:
        session.execute(
            delete(KeptAnswer).where(
                KeptAnswer.person == slot.person,
                KeptAnswer.key == slot.key,
                KeptAnswer.attempt == slot.attempt,
                KeptAnswer.status.is_(None),
            )
        )


def _bound(person: str, key: str) -> str:
    return f"kept_answer:{person}|{key}:body"


def is_idempotent(view: Callable[..., Any] | None) -> bool:
    """Tell whether a view takes idempotency keys."""
    return bool(getattr(view, "__idempotent__", False))


__all__ = ["idempotent", "is_idempotent", "new_idempotency_key"]
