"""Sign-in of staff in two steps: user name and password, then the second factor, which the first sign-in enrols."""

from __future__ import annotations

import hmac
import secrets
import uuid
from dataclasses import dataclass
from typing import Literal

from chassis import clock, telemetry
from chassis.errors import FieldError, InvalidFields
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from gateway.identity import challenges, sessions, throttle
from gateway.identity.errors import CodeRefused, SignInRefused
from gateway.identity.means import Means
from gateway.identity.model import check_password
from gateway.identity.sessions import Client, NewSession, Person
from gateway.identity.staff import new_totp_secret, open_totp, seal_totp, totp_uri
from gateway.identity.tables import RecoveryCode, StaffMember

log = telemetry.logger(__name__)

_STEP = 30  # seconds of a TOTP code
_NOT_THIS_CODE = (  # an app makes codes by itself: there is none to ask for
    "Kode tidak berlaku. Periksa lagi, atau tunggu kode berikutnya.",
    "The code is not valid. Check it again, or wait for the next one.",
)
_RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no signs that look alike


@dataclass(frozen=True, slots=True)
class SecondStep:
    """What the second step asks for. `enrol`: show the secret and let the app be set up first."""

    ticket: str
    asks: Literal["code", "enrol"]
    new_password: bool  # the second step must bring a new password
    totp_secret: str = ""
    totp_uri: str = ""


@dataclass(frozen=True, slots=True)
class StaffSignedIn:
    """An open session, and after an enrolment the recovery codes, shown this once."""

    session: NewSession
    recovery_codes: tuple[str, ...] = ()


def begin(means: Means, username: str, password: str, *, address: str) -> SecondStep:
    """Check the password; return what the second step asks for. SignInRefused, TooManyTries."""
    username = username.strip().casefold()
    keys = throttle.keys_for(means, "staff", username, address)
    throttle.enter(means, keys)
    with means.db.transaction(readonly=True) as session:
        member = session.scalars(
            select(StaffMember).where(StaffMember.username == username, StaffMember.ended_at.is_(None))
        ).one_or_none()
    if not means.hasher.verify(member.password_hash if member else None, password) or member is None:
        log.warning("sign_in_refused", kind="staff", factor="password")
        raise SignInRefused
    throttle.clear(means, keys)
    secret = "" if member.totp_sealed else new_totp_secret()
    payload = {"enrol": secret, "username": username}
    with means.db.transaction() as session:
        pending = challenges.begin(session, means, "staff", payload=payload, owner=member.id, coded=False)
    return _second_step(pending.request_id, username, secret, new_password=member.must_change_password)


def second_step(means: Means, ticket: str) -> SecondStep:
    """Return what the second step of `ticket` asks for, to show its form again. CodeRefused when it is over."""
    begun = challenges.peek(means, "staff", ticket)
    with means.db.transaction(readonly=True) as session:
        must = session.scalar(select(StaffMember.must_change_password).where(StaffMember.id == begun.owner))
    return _second_step(ticket, str(begun.payload["username"]), str(begun.payload["enrol"]), new_password=bool(must))


def finish(
    means: Means, ticket: str, code: str, *, new_password: str = "", address: str, agent: str, client: Client = "browser"
) -> StaffSignedIn:
    """Open the session when the code (of the app, or a recovery code) is right; enrol and change the password where asked.

    CodeRefused, InvalidFields, TooManyTries (five codes a ticket; tickets cost a password each; the codes of an account back off too).
    """
    hashed = _new_hash(means, ticket, new_password)
    begun, _ = challenges.count_try(means, "staff", ticket)
    keys = throttle.keys_for(means, "staff_code", str(begun.owner), address)
    throttle.enter(means, keys)
    fresh: tuple[str, ...] = ()
    with means.db.transaction() as session:
        member = session.scalars(
            select(StaffMember).where(StaffMember.id == begun.owner, StaffMember.ended_at.is_(None)).with_for_update()
        ).one_or_none()
        enrol = str(begun.payload["enrol"])
        if member is None or not _code_fits(session, means, member, enrol, code):
            log.warning("sign_in_refused", kind="staff", factor="code", person=str(begun.owner))
            raise CodeRefused(fields=[FieldError("code", "code_refused", *_NOT_THIS_CODE)])
        challenges.use(session, begun)
        if enrol:
            member.totp_sealed = seal_totp(means, member.id, enrol)
            fresh = _renew_recovery_codes(session, means, member.id)
        if hashed:
            member.password_hash, member.must_change_password = hashed, False
        new = sessions.open_session(session, means, "staff", member.id, client=client, address=address, agent=agent)
    throttle.clear(means, keys)
    return StaffSignedIn(new, fresh)


def renew_recovery_codes(means: Means, person: Person, code: str, *, address: str) -> tuple[str, ...]:
    """Replace the recovery codes of a signed-in member of staff who shows a code of the app."""
    keys = throttle.keys_for(means, "staff_code", person.id, address)
    throttle.enter(means, keys)
    with means.db.transaction() as session:
        member = session.scalars(select(StaffMember).where(StaffMember.id == uuid.UUID(person.id)).with_for_update()).one()
        if not _totp_fits(means, member, "", code):
            raise CodeRefused(fields=[FieldError("code", "code_refused", *_NOT_THIS_CODE)])
        fresh = _renew_recovery_codes(session, means, member.id)
    throttle.clear(means, keys)
    return fresh


def change_password(means: Means, person: Person, present: str, new: str, *, address: str) -> None:
    """Change the password of a signed-in member of staff who knows the present one; the other sessions end."""
    if wrong := check_password(new, not_like=(person.display_name,), field="new_password"):
        raise InvalidFields(fields=wrong)
    keys = throttle.keys_for(means, "change_password", person.id, address)
    throttle.enter(means, keys)
    with means.db.transaction(readonly=True) as session:
        stored = session.scalar(select(StaffMember.password_hash).where(StaffMember.id == uuid.UUID(person.id)))
    if not means.hasher.verify(stored, present):
        raise InvalidFields(
            fields=[FieldError("password", "wrong", "Kata sandi sekarang tidak cocok.", "The present password does not match.")]
        )
    throttle.clear(means, keys)
    hashed = means.hasher.hash(new)
    with means.db.transaction() as session:
        session.execute(
            update(StaffMember)
            .where(StaffMember.id == uuid.UUID(person.id))
            .values(password_hash=hashed, must_change_password=False)
        )
        ended = sessions.end_all(session, uuid.UUID(person.id), but=uuid.UUID(person.session_id))
    means.cache.delete(*ended)


def _second_step(ticket: str, username: str, secret: str, *, new_password: bool) -> SecondStep:
    if not secret:
        return SecondStep(ticket, "code", new_password)
    return SecondStep(ticket, "enrol", new_password, secret, totp_uri(username, secret))


def _new_hash(means: Means, ticket: str, new_password: str) -> str:
    """Return the hash of the new password, empty when none is asked for; hashing is no work for a transaction."""
    asked = second_step(means, ticket)
    if not asked.new_password:
        return ""
    begun = challenges.peek(means, "staff", ticket)
    wrong = check_password(new_password, not_like=(str(begun.payload["username"]),), field="new_password")
    if wrong:
        raise InvalidFields(fields=wrong)
    return means.hasher.hash(new_password)


def _code_fits(session: Session, means: Means, member: StaffMember, enrol: str, code: str) -> bool:
    if _totp_fits(means, member, enrol, code):
        return True
    return not enrol and _recovery_fits(session, means, member, code)


def _totp_fits(means: Means, member: StaffMember, enrol: str, code: str) -> bool:
    """Accept the codes of the present step and its neighbours, each once."""
    import pyotp

    secret = enrol or open_totp(means, member)
    given = "".join(sign for sign in code if sign.isdigit())
    if not secret or len(given) != 6:  # noqa: PLR2004 - digits
        return False
    present = int(clock.now().timestamp()) // _STEP
    generator = pyotp.TOTP(secret)
    for step in (present - 1, present, present + 1):
        if step > member.totp_step and hmac.compare_digest(generator.generate_otp(step), given):
            member.totp_step = step
            return True
    return False


def _recovery_fits(session: Session, means: Means, member: StaffMember, code: str) -> bool:
    hashed = _recovery_hash(means, member.id, code)
    used = session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.staff_id == member.id, RecoveryCode.code_hash == hashed, RecoveryCode.used_at.is_(None))
        .values(used_at=clock.now())
        .returning(RecoveryCode.staff_id)
    )
    return used.first() is not None


def _renew_recovery_codes(session: Session, means: Means, staff_id: uuid.UUID) -> tuple[str, ...]:
    codes = tuple("-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2)) for _ in range(_RECOVERY_CODES))
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    session.execute(
        insert(RecoveryCode), [{"staff_id": staff_id, "code_hash": _recovery_hash(means, staff_id, code)} for code in codes]
    )
    return codes


def _recovery_hash(means: Means, staff_id: uuid.UUID, code: str) -> bytes:
    plain = "".join(sign for sign in code.casefold() if sign in _ALPHABET)
    return means.vault.index(f"{staff_id}|{plain}", of="recovery")
