"""Takes in what comes twice and lets it have one effect: facts by their id, calls by their client's key."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from google.protobuf.message import Message
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Session

from chassis import clock, principal, telemetry
from chassis.db.frame import idempotency, inbox, projection
from chassis.db.reading import Write
from chassis.errors import Conflict, Refused

M = TypeVar("M", bound=Message)
RESTATED = "restated"  # in a session's `info` while it lets a restated fact have its effect


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around a fact: CloudEvents attributes and where on the bus it was. `subject` is its key."""

    id: UUID
    type: str
    source: str
    time: dt.datetime
    subject: str
    sequence: int
    traceparent: str
    topic: str
    partition: int
    offset: int
    restated: bool = False  # says a state that was said before, for projections that are rebuilt


class KeyReused(Refused):
    """The idempotency key came before, with another request."""

    id = "Kunci idempotensi ini sudah dipakai untuk permintaan lain. Gunakan kunci baru."
    en = "This idempotency key was used for another request. Use a new key."


class InFlight(Conflict):
    """The first request with this idempotency key is still being worked on."""

    id = "Permintaan yang sama masih diproses. Coba lagi sebentar lagi."
    en = "The same request is still being processed. Try again shortly."


def once(session: Session, request: Message, answer: type[M], effect: Callable[[], M]) -> M:
    """Run `effect` once for the client's idempotency key of the present call, in this transaction; without a key just run it.

    The same key with the same request gives the stored answer, with another request KeyReused; InFlight while the first one runs.
    """
    key = telemetry.idempotency_key.get()
    if not key:
        return effect()
    who = principal.peek()
    place = {"subject": who.subject if who else "", "method": request.DESCRIPTOR.full_name, "key": key}
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
    if not _claimed(session, place, digest):
        return _given(session, place, digest, answer)
    given = effect()
    _ANSWER.run(session, answered=given.SerializeToString(), **place)
    return given


def first(session: Session, consumer: str, event_id: UUID) -> bool:
    """Tell whether `consumer` meets this fact for the first time, and remember it with this transaction."""
    values = {"consumer": consumer, "event_id": event_id, "received_at": clock.now()}
    return _FIRST.run(session, **values) > 0


def newer(session: Session, name: str, key: str, sequence: int) -> bool:
    """Tell whether `sequence` is above all that projection `name` has seen of aggregate `key`, and remember it.

    While a restated fact has its effect, the version that was seen last passes too: what is missing is filled in.
    """
    values = {"projection": name, "key": key, "sequence": sequence}
    again = session.info.get(RESTATED, False)
    return (_NOT_OLDER if again else _NEWER).run(session, **values) > 0


_HERE = sa.and_(*(idempotency.c[name] == sa.bindparam(name) for name in ("subject", "method", "key")))
_KNOWN = sa.select(idempotency.c.request_hash, idempotency.c.answer).where(_HERE)
_ANSWER = Write(sa.update(idempotency).where(_HERE).values(answer=sa.bindparam("answered")))
_claimed_columns = ("subject", "method", "key", "request_hash", "created_at")
_CLAIM = Write(
    pg.insert(idempotency)
    .from_select(
        _claimed_columns,
        sa.select(*(sa.bindparam(name, type_=idempotency.c[name].type) for name in _claimed_columns)).where(
            sa.func.pg_try_advisory_xact_lock(sa.bindparam("lock", type_=sa.BigInteger))
        ),
    )
    .on_conflict_do_nothing()
)
_FIRST = Write(pg.insert(inbox).inline().on_conflict_do_nothing(), ("consumer", "event_id", "received_at"))
_new = pg.insert(projection)
_NEWER, _NOT_OLDER = (
    Write(
        _new.inline().on_conflict_do_update(
            index_elements=[projection.c.projection, projection.c.key], set_={"sequence": _new.excluded.sequence}, where=passes
        ),
        ("projection", "key", "sequence"),
    )
    for passes in (projection.c.sequence < _new.excluded.sequence, projection.c.sequence <= _new.excluded.sequence)
)


def _claimed(session: Session, place: dict[str, str], digest: bytes) -> bool:
    """Insert the row unless it is there or another transaction is about to; never waits for that one."""
    name = "\0".join((place["subject"], place["method"], place["key"])).encode()
    lock = int.from_bytes(hashlib.sha256(name).digest()[:8], "big", signed=True)
    return _CLAIM.run(session, request_hash=digest, created_at=clock.now(), lock=lock, **place) > 0


def _given(session: Session, place: dict[str, str], digest: bytes, answer: type[M]) -> M:
    known = session.execute(_KNOWN, place).first()
    if known is None:
        raise InFlight
    if known.request_hash != digest:
        raise KeyReused
    return answer.FromString(known.answer)
