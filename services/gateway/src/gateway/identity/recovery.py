"""Forgotten passwords, and phones that changed or were lost: the same answer whether or not such an account exists."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from dataclasses import dataclass

from chassis import clock, outbox
from chassis.errors import InvalidFields
from malang.gateway.v1.identity_events_pb2 import CitizenPhoneChanged
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.identity import accounts, challenges, sessions, throttle
from gateway.identity.challenges import Pending
from gateway.identity.errors import NoSuchPhoneChange, PhoneTaken
from gateway.identity.means import Means
from gateway.identity.model import check_birth_date, check_kk, check_nik, check_password, check_phone
from gateway.identity.tables import Account, PhoneChange
from gateway.messages import queue


@dataclass(frozen=True, slots=True)
class WaitingPhone:
    """A new number that waits."""

    phone: str  # masked
    requested_at: dt.datetime
    effective_at: dt.datetime


def begin_password(means: Means, identifier: str, *, address: str) -> Pending:
    """Send a code to the phone of the account with this NIK or phone, if there is one; the answer is the same."""
    identifier = accounts.canonical(identifier)
    throttle.enter(means, throttle.keys_for(means, "password", identifier, address))
    with means.db.transaction() as session:
        account = accounts.by_identifier(session, means.vault, identifier)
        phone = accounts.phone_of(means.vault, account) if account is not None else "+62800000000"
        owner = account.id if account is not None else None
        pending = challenges.begin(session, means, "password", payload={}, owner=owner, phone=phone, decoy=account is None)
    # Whose phone it is must not be learned from here, not even in part.
    return Pending(pending.request_id, "", pending.expires_at)


def finish_password(means: Means, request_id: str, code: str, password: str) -> None:
    """Set a new password when the code is right; every session ends."""
    if wrong := check_password(password):
        raise InvalidFields(fields=wrong)
    begun = challenges.answer(means, "password", request_id, code)
    with means.db.transaction(readonly=True) as session:
        own = accounts.details(means.vault, accounts.get(session, str(begun.owner)))
    if wrong := check_password(password, not_like=(own.name, own.nik, own.phone)):
        raise InvalidFields(fields=wrong)
    hashed = means.hasher.hash(password)
    with means.db.transaction() as session:
        challenges.use(session, begun)
        account = accounts.get(session, own.id, lock=True)
        account.password_hash, account.password_changed_at = hashed, clock.now()
        keys = sessions.end_all(session, account.id)
        queue(session, means.vault, to=own.phone, body=_ENDED_ALL)
    means.cache.delete(*keys)


def resend_password(means: Means, request_id: str) -> Pending:
    """Send a new code for a password that is being reset."""
    pending = challenges.resend(means, "password", request_id)
    return Pending(pending.request_id, "", pending.expires_at)


def begin_phone(means: Means, *, nik: str, kk: str, birth_date: str, new_phone: str, address: str) -> Pending:
    """Send a code to the new number. It only fits when NIK, No. KK and birth date are those of an account."""
    number, household = check_nik(nik), check_kk(kk)
    born, phone = check_birth_date(birth_date, clock.today()), check_phone(new_phone, "new_phone")
    wrong = [error for checked in (number, household, born, phone) if isinstance(checked, list) for error in checked]
    if wrong or isinstance(number, list) or isinstance(phone, list):
        raise InvalidFields(fields=wrong)
    throttle.enter(means, throttle.keys_for(means, "phone", number.number, address))
    with means.db.transaction() as session:
        account = accounts.by_identifier(session, means.vault, number.number)
        owner = account if account is not None and _proved(means, account, str(household), born) else None
        taken = session.scalar(select(Account.id).where(Account.phone_index == accounts.phone_index(means.vault, phone)))
        return challenges.begin(
            session,
            means,
            "phone",
            payload={},
            owner=owner.id if owner else None,
            phone=phone,
            decoy=owner is None or taken is not None,
        )


def resend_phone(means: Means, request_id: str) -> Pending:
    """Send a new code to the new number."""
    return challenges.resend(means, "phone", request_id)


def confirm_phone(means: Means, request_id: str, code: str) -> WaitingPhone:
    """Accept the new number when the code is right; it counts after the waiting time, and the old number is told."""
    begun = challenges.answer(means, "phone", request_id, code)
    phone, now = str(begun.payload["phone"]), clock.now()
    effective = now + dt.timedelta(hours=means.settings.phone_wait_hours)
    token, identity = secrets.token_urlsafe(24), uuid.uuid4()
    with means.db.transaction() as session:
        challenges.use(session, begun)
        account = accounts.get(session, str(begun.owner), lock=True)
        _end_waiting(session, account.id, "cancelled")
        session.execute(
            insert(PhoneChange).values(
                id=identity, account_id=account.id, phone_index=accounts.phone_index(means.vault, phone),
                phone_sealed=means.vault.seal(phone, bound=_bound(identity)), cancel_hash=_hash(token), requested_at=now,
                effective_at=effective, outcome="waiting",
            )
        )  # fmt: skip
        link = f"{means.settings.public_url}/nomor-hilang/batal/{token}"
        queue(
            session,
            means.vault,
            to=accounts.phone_of(means.vault, account),
            body=_told(phone, effective, link),
            good_for=effective - now + dt.timedelta(hours=1),
        )
    if means.settings.phone_wait_hours == 0:
        apply_due_phones(means)
    return WaitingPhone(challenges.masked_phone(phone), now, effective)


def cancel_phone(means: Means, token: str) -> None:
    """Stop a change of number by the link that went to the old one."""
    with means.db.transaction() as session:
        row = session.scalars(
            select(PhoneChange).where(PhoneChange.cancel_hash == _hash(token), PhoneChange.outcome == "waiting").with_for_update()
        ).one_or_none()
        if row is None:
            raise NoSuchPhoneChange
        row.outcome, row.ended_at = "cancelled", clock.now()


def cancel_own_phone(means: Means, citizen_id: str) -> None:
    """Stop the waiting change of number of a signed-in citizen."""
    with means.db.transaction() as session:
        if not _end_waiting(session, uuid.UUID(citizen_id), "cancelled"):
            raise NoSuchPhoneChange


def waiting_phone(means: Means, citizen_id: str) -> WaitingPhone | None:
    """Return the number that waits, if any."""
    with means.db.transaction(readonly=True) as session:
        row = session.scalars(
            select(PhoneChange).where(PhoneChange.account_id == uuid.UUID(citizen_id), PhoneChange.outcome == "waiting")
        ).one_or_none()
        if row is None:
            return None
        phone = means.vault.open(row.phone_sealed, bound=_bound(row.id))
        return WaitingPhone(challenges.masked_phone(phone), row.requested_at, row.effective_at)


def apply_due_phones(means: Means) -> int:
    """Let the numbers count whose waiting time is over; return how many."""
    with means.db.transaction(readonly=True) as session:
        due = session.scalars(
            select(PhoneChange.id).where(PhoneChange.outcome == "waiting", PhoneChange.effective_at <= clock.now())
        ).all()
    done = 0
    for identity in due:
        try:
            done += _apply(means, identity)
        except (PhoneTaken, IntegrityError):
            with means.db.transaction() as session:
                session.execute(
                    update(PhoneChange).where(PhoneChange.id == identity, PhoneChange.outcome == "waiting").values(
                        outcome="cancelled", ended_at=clock.now()
                    )
                )  # fmt: skip
    return done


def _apply(means: Means, identity: uuid.UUID) -> int:
    with means.db.transaction() as session:
        row = session.scalars(
            select(PhoneChange)
            .where(PhoneChange.id == identity, PhoneChange.outcome == "waiting")
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            return 0
        phone = means.vault.open(row.phone_sealed, bound=_bound(row.id))
        account = accounts.get(session, str(row.account_id), lock=True)
        if session.scalar(select(Account.id).where(Account.phone_index == row.phone_index, Account.id != account.id)) is not None:
            raise PhoneTaken
        account.phone_index = row.phone_index
        account.phone_sealed = means.vault.seal(phone, bound=f"account:{account.id}:phone")
        account.version += 1
        row.outcome, row.ended_at = "applied", clock.now()
        keys = sessions.end_all(session, account.id)
        outbox.append(session, CitizenPhoneChanged(citizen_id=str(account.id)), key=str(account.id), sequence=account.version)
        queue(session, means.vault, to=phone, body=_APPLIED)
    means.cache.delete(*keys)
    return 1


_ENDED_ALL = (
    "Kata sandi akun Singo/Twuin Anda baru saja diganti dan semua sesi diakhiri. Jika bukan Anda, segera hubungi kelurahan. / "
    "Your password was changed and all sessions ended. If this was not you, contact the office at once."
)
_APPLIED = "Nomor ini sekarang menjadi nomor akun Singo/Twuin Anda. Silakan masuk kembali. / This number is now your account's. Please sign in again."


def _told(phone: str, effective: dt.datetime, link: str) -> str:
    when = effective.astimezone(clock.ZONE).strftime("%d-%m-%Y %H.%M WIB")
    masked = challenges.masked_phone(phone)
    return (
        f"Ada permintaan mengganti nomor akun Singo/Twuin Anda menjadi {masked} mulai {when}. Bukan Anda? Batalkan: {link} / "
        f"Your account's number will change to {masked}. Not you? Cancel with the link."
    )


def _proved(means: Means, account: Account, kk: str, born: object) -> bool:
    own = accounts.details(means.vault, account)
    return secrets.compare_digest(own.kk, kk) and own.birth_date == born


def _end_waiting(session: Session, account_id: uuid.UUID, outcome: str) -> bool:
    ended = session.execute(
        update(PhoneChange)
        .where(PhoneChange.account_id == account_id, PhoneChange.outcome == "waiting")
        .values(outcome=outcome, ended_at=clock.now())
        .returning(PhoneChange.id)
    )
    return ended.first() is not None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _bound(identity: uuid.UUID) -> str:
    return f"phone_change:{identity}:phone"


__all__ = [
    "WaitingPhone",
    "apply_due_phones",
    "begin_password",
    "begin_phone",
    "cancel_own_phone",
    "cancel_phone",
    "confirm_phone",
    "finish_password",
    "resend_password",
    "resend_phone",
    "waiting_phone",
]
