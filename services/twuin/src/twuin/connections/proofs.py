"""Proving that one is the holder: meter and last bill, or a code to the registered phone.

A wrong proof must stay counted, so these functions return a refusal for the caller to raise once the transaction is committed.
"""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from chassis import clock
from chassis.errors import Refused
from sqlalchemy.orm import Session

from twuin.connections import model, service, tries
from twuin.connections.errors import PhoneProofGone, ProofWrong, TooManyTries, number_invalid
from twuin.connections.holders import Holders
from twuin.connections.tables import ConnectionRow, PhoneProofRow

ALL = "*"
_STANDING = (model.State.ACTIVE.value, model.State.CLOSED.value)


@dataclass(frozen=True, slots=True)
class Begun:
    """A proof by phone that waits for its code."""

    proof_id: uuid.UUID
    phone_masked: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """What must be sent, once, to a registered phone."""

    phone: str
    code: str
    number_masked: str


def link_by_meter(
    session: Session, holders: Holders, citizen_id: str, *, number: str, serial: str, amount: int
) -> uuid.UUID | Refused:
    """Link by the meter's serial and the last bill's amount (rupiah); return the connection's id, or a refusal to raise."""
    wanted = _checked(number)
    charged = _charge(session, citizen_id, wanted)
    if isinstance(charged, Refused):
        return charged
    row = _standing(session, wanted)
    if row is None or not _meter_proves(session, holders, row.connection_id, serial, amount):
        return ProofWrong(left=charged)
    return _linked(session, citizen_id, row, "meter")


def begin_phone(session: Session, holders: Holders, citizen_id: str, number: str) -> Begun | Refused:
    """Make a code for the registered phone; the answer looks the same where there is no connection or no phone."""
    wanted = _checked(number)
    for who in (ALL, citizen_id):
        sent = tries.charge(session, who, f"code:{wanted}", model.CODES_SENT if who == ALL else model.WRONG_TRIES)
        if sent.refused:
            return TooManyTries(until=_moment(sent.until))
    row = _standing(session, wanted)
    phone = holders.phone(row) if row is not None else None
    now, proof_id, code = clock.now(), uuid.uuid4(), f"{secrets.randbelow(10**model.CODE_DIGITS):0{model.CODE_DIGITS}}"
    session.execute(  # an earlier code of the same person for the same number ends
        sa.update(PhoneProofRow)
        .where(PhoneProofRow.citizen_id == citizen_id, PhoneProofRow.number == wanted, PhoneProofRow.used_at.is_(None))
        .values(used_at=now, code_sealed=None)
    )
    session.add(
        PhoneProofRow(
            proof_id=proof_id, citizen_id=citizen_id, number=wanted, code_hash=_hashed(holders, proof_id, code),
            connection_id=row.connection_id if row is not None and phone else None,
            code_sealed=holders.vault.seal(code, bound=_bound(proof_id)) if phone else None,
            tries=0, expires_at=now + model.CODE_LIFE, used_at=None,
        )
    )  # fmt: skip
    return Begun(proof_id, model.masked_phone(phone or _invented(holders, wanted)), now + model.CODE_LIFE)


def take_delivery(session: Session, holders: Holders, proof_id: uuid.UUID) -> Delivery:
    """Hand over what must be sent for a proof, once; PhoneProofGone otherwise."""
    proof = session.get(PhoneProofRow, proof_id, with_for_update=True)
    if proof is None or proof.code_sealed is None or proof.expires_at <= clock.now():
        raise PhoneProofGone
    row = session.get(ConnectionRow, proof.connection_id)
    phone = holders.phone(row) if row is not None else None
    if phone is None:
        raise PhoneProofGone
    code = holders.vault.open(proof.code_sealed, bound=_bound(proof_id))
    proof.code_sealed = None
    return Delivery(phone, code, model.masked(proof.number, keep=3))


def link_by_phone(session: Session, holders: Holders, citizen_id: str, proof_id: uuid.UUID, code: str) -> uuid.UUID | Refused:
    """Link by the code that went to the registered phone; return the connection's id, or a refusal to raise."""
    proof = session.scalar(
        sa.select(PhoneProofRow).where(PhoneProofRow.proof_id == proof_id, PhoneProofRow.citizen_id == citizen_id).with_for_update()
    )
    if proof is None:
        raise PhoneProofGone
    charged = _charge(session, citizen_id, proof.number)
    if isinstance(charged, Refused):
        return charged
    proof.tries += 1
    good = proof.used_at is None and proof.expires_at > clock.now() and proof.tries <= model.WRONG_TRIES
    same = hmac.compare_digest(bytes(proof.code_hash), _hashed(holders, proof_id, code.strip()))
    row = _standing(session, proof.number)
    if not (good and same) or row is None or row.connection_id != proof.connection_id:
        return ProofWrong(left=charged)
    proof.used_at = clock.now()
    return _linked(session, citizen_id, row, "phone")


def purge(session: Session) -> int:
    """Delete proofs and tries that no longer count; return how many."""
    old = sa.delete(PhoneProofRow).where(PhoneProofRow.expires_at <= clock.now() - model.MEMORY)
    return len(session.execute(old.returning(PhoneProofRow.proof_id)).all()) + tries.purge(session)


def _checked(number: str) -> str:
    if (wanted := model.number_of(number)) is None:
        raise number_invalid()
    return wanted


def _charge(session: Session, citizen_id: str, number: str) -> int | Refused:
    """Count a try at the number and one at all numbers; return how many are left, or the refusal."""
    # The broad one first: everybody takes the two locks in the same order.
    every = tries.charge(session, citizen_id, "proof:" + ALL, model.WRONG_TRIES_ALL)
    one = tries.charge(session, citizen_id, "proof:" + number, model.WRONG_TRIES)
    for charged in (one, every):
        if charged.refused:
            return TooManyTries(until=_moment(charged.until))
    return min(one.left, every.left)


def _linked(session: Session, citizen_id: str, row: ConnectionRow, proof: str) -> uuid.UUID:
    tries.forgive(session, citizen_id, "proof:" + ALL)
    tries.forget(session, citizen_id, "proof:" + row.number)
    service.link(session, row.connection_id, citizen_id, proof)
    return row.connection_id


def _standing(session: Session, number: str) -> ConnectionRow | None:
    return session.scalar(sa.select(ConnectionRow).where(ConnectionRow.number == number, ConnectionRow.state.in_(_STANDING)))


def _meter_proves(session: Session, holders: Holders, connection_id: uuid.UUID, serial: str, amount: int) -> bool:
    real = model.serial_of(holders.meter_serials(session, [connection_id]).get(connection_id, ""))
    last = holders.last_bill_amount(session, connection_id)
    same = hmac.compare_digest(real.encode(), model.serial_of(serial).encode())
    return same and real != "" and last is not None and last == amount


def _hashed(holders: Holders, proof_id: uuid.UUID, code: str) -> bytes:
    return holders.vault.index(code, of=f"phone_proofs:{proof_id}")


def _bound(proof_id: uuid.UUID) -> str:
    return f"phone_proofs:{proof_id}:code_sealed"


def _invented(holders: Holders, number: str) -> str:
    """Return two digits that stay the same for a number without a phone."""
    return f"{holders.vault.index(number, of='phone_mask')[0] % 100:02}"


def _moment(instant: dt.datetime) -> str:
    return f"{instant.astimezone(clock.ZONE):%d-%m-%Y %H:%M} WIB"
