"""Accounts of staff, by the hands of an admin: made, changed, reset with a reason, ended. What was done is kept."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from chassis import clock, outbox
from chassis.errors import FieldError, InvalidFields
from malang.gateway.v1.identity_events_pb2 import StaffEnded
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.identity import sessions
from gateway.identity.errors import NoSuchAccount, NotYourself, StaffHasEnded, UsernameTaken
from gateway.identity.means import Means
from gateway.identity.model import STAFF_ROLES
from gateway.identity.tables import RecoveryCode, StaffChange, StaffMember

_USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,31}")
_AREA = re.compile(r"\*|[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}")
_WORDS = [
    "air",
    "angin",
    "awan",
    "bukit",
    "bunga",
    "danau",
    "daun",
    "embun",
    "fajar",
    "gunung",
    "hujan",
    "jati",
    "kabut",
    "kali",
    "kebun",
    "langit",
    "lembah",
    "melati",
    "padi",
    "pasir",
    "pohon",
    "sawah",
    "senja",
    "taman",
    "teratai",
]


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a new member of staff is given, shown this once."""

    staff_id: str
    username: str
    password: str
    totp_secret: str  # empty: enrols at the first sign-in
    totp_uri: str


@dataclass(frozen=True, slots=True)
class StaffView:
    """A member of staff as the admin's list shows one."""

    id: str
    username: str
    name: str
    roles: tuple[str, ...]
    areas: tuple[str, ...]
    office: str
    enrolled: bool
    created_at: dt.datetime
    ended_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to an account, by whom and why."""

    action: str
    admin_id: str
    reason: str
    at: dt.datetime


def create(
    means: Means, *, username: str, name: str, roles: Collection[str], areas: Collection[str], office: str = "", admin_id: str = "",
    totp: bool = False, must_change_password: bool = True, password: str = "", secret: str = "",
) -> Secrets:  # fmt: skip
    """Make an account with a generated password; with `totp` also the second factor, else it is enrolled at first sign-in.

    Only the demo gives both itself.
    """
    _check(username, name, roles, areas)
    password, secret = password or new_password(), secret or (new_totp_secret() if totp else "")
    identity, now = uuid.uuid4(), clock.now()
    hashed = means.hasher.hash(password)
    try:
        with means.db.transaction() as session:
            session.execute(
                insert(StaffMember).values(
                    id=identity, version=1, username=username, name=" ".join(name.split()), roles=sorted(set(roles)), areas=sorted(set(areas)),
                    office=office, language="id", password_hash=hashed, must_change_password=must_change_password,
                    totp_sealed=seal_totp(means, identity, secret) if secret else None, totp_step=0, created_at=now,
                )
            )  # fmt: skip
            _note(session, identity, admin_id, "created", "")
    except IntegrityError:
        raise UsernameTaken from None
    return Secrets(str(identity), username, password, secret, totp_uri(username, secret) if secret else "")


def change_duties(
    means: Means, staff_id: str, *, roles: Collection[str], areas: Collection[str], office: str, admin_id: str, reason: str
) -> None:
    """Give a member of staff other roles and areas; counts at once, in every open session."""
    _reasoned(reason)
    with means.db.transaction() as session:
        member = _open(session, staff_id)
        _check(member.username, member.name, roles, areas)
        member.roles, member.areas, member.office = sorted(set(roles)), sorted(set(areas)), office
        member.version += 1
        _note(session, member.id, admin_id, "duties", reason)
        keys = sessions.cache_keys(session, member.id)
    means.cache.delete(*keys)


def reset_second_factor(means: Means, staff_id: str, *, admin_id: str, reason: str) -> None:
    """Forget a lost second factor; the sessions end and the next sign-in enrols a new one."""
    _reasoned(reason)
    if staff_id == admin_id:
        raise NotYourself
    with means.db.transaction() as session:
        member = _open(session, staff_id)
        member.totp_sealed, member.totp_step = None, 0
        member.version += 1
        session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == member.id))
        _note(session, member.id, admin_id, "second_factor_reset", reason)
        keys = sessions.end_all(session, member.id)
    means.cache.delete(*keys)


def reset_password(means: Means, staff_id: str, *, admin_id: str, reason: str) -> str:
    """Give a member of staff a new password, to be changed at the next sign-in; returned this once."""
    _reasoned(reason)
    password = new_password()
    hashed = means.hasher.hash(password)
    with means.db.transaction() as session:
        member = _open(session, staff_id)
        member.password_hash, member.must_change_password = hashed, True
        member.version += 1
        _note(session, member.id, admin_id, "password_reset", reason)
        keys = sessions.end_all(session, member.id)
    means.cache.delete(*keys)
    return password


def end(means: Means, staff_id: str, *, admin_id: str, reason: str) -> None:
    """End an account for good: its sessions die, and StaffEnded sends its work back to the queues."""
    _reasoned(reason)
    if staff_id == admin_id:
        raise NotYourself
    with means.db.transaction() as session:
        member = _open(session, staff_id)
        member.ended_at = clock.now()
        member.version += 1
        _note(session, member.id, admin_id, "ended", reason)
        keys = sessions.end_all(session, member.id)
        outbox.append(session, StaffEnded(staff_id=str(member.id)), key=str(member.id), sequence=member.version)
    means.cache.delete(*keys)


def list_staff(means: Means, *, ended: bool = False) -> list[StaffView]:
    """Return the members of staff by user name; with `ended` also those whose accounts ended."""
    with means.db.transaction(readonly=True) as session:
        query = select(StaffMember).order_by(StaffMember.username)
        rows = session.scalars(query if ended else query.where(StaffMember.ended_at.is_(None))).all()
        return [_view(row) for row in rows]


def get_staff(means: Means, staff_id: str) -> tuple[StaffView, list[Change]]:
    """Return one member of staff and what was done to the account, newest first."""
    with means.db.transaction(readonly=True) as session:
        member = session.get(StaffMember, _uuid(staff_id))
        if member is None:
            raise NoSuchAccount
        changes = session.scalars(
            select(StaffChange).where(StaffChange.staff_id == member.id).order_by(StaffChange.at.desc())
        ).all()
        return _view(member), [Change(each.action, each.admin_id, each.reason, each.at) for each in changes]


def office_of(session: Session, staff_id: str) -> str:
    """Return the name of the office where a member of staff works, also one whose account has ended; "" when unknown."""
    try:
        return session.scalar(select(StaffMember.office).where(StaffMember.id == uuid.UUID(staff_id))) or ""
    except ValueError:
        return ""


def by_username(means: Means, username: str) -> StaffView | None:
    """Return the member of staff of that user name."""
    with means.db.transaction(readonly=True) as session:
        member = session.scalars(select(StaffMember).where(StaffMember.username == username)).one_or_none()
        return _view(member) if member is not None else None


def new_password() -> str:
    """Return a password that can be read out: four words and a number, about 35 bits behind the back-off."""
    return "-".join(secrets.choice(_WORDS) for _ in range(4)) + f"-{secrets.randbelow(90_000) + 10_000}"


def new_totp_secret() -> str:
    """Return a secret of 160 bits in base32."""
    import pyotp

    return pyotp.random_base32()


def totp_uri(username: str, secret: str) -> str:
    """Return what a QR code for an authenticator app carries."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Singo + Twuin")


def seal_totp(means: Means, staff_id: uuid.UUID, secret: str) -> bytes:
    """Return the secret encrypted for its row."""
    return means.vault.seal(secret, bound=f"staff:{staff_id}:totp")


def open_totp(means: Means, member: StaffMember) -> str | None:
    """Return the secret of a member of staff who has enrolled."""
    return means.vault.open(member.totp_sealed, bound=f"staff:{member.id}:totp") if member.totp_sealed else None


def _check(username: str, name: str, roles: Collection[str], areas: Collection[str]) -> None:
    wrong = []
    if not _USERNAME.fullmatch(username):
        wrong.append(
            FieldError(
                "username", "format", "Nama pengguna: 3 sampai 32 huruf kecil, angka, titik, atau garis, diawali huruf.",
                "User name: 3 to 32 lower-case letters, digits, dots or dashes, a letter first.",
            )
        )  # fmt: skip
    if not name.strip() or len(name) > 120:  # noqa: PLR2004 - characters
        wrong.append(
            FieldError("name", "required", "Isi nama, paling banyak 120 karakter.", "Enter the name, at most 120 characters.")
        )
    if not roles:
        wrong.append(FieldError("roles", "required", "Pilih paling sedikit satu peran.", "Choose at least one role."))
    elif not set(roles) <= set(STAFF_ROLES):
        known = ", ".join(STAFF_ROLES)
        wrong.append(FieldError("roles", "unknown", f"Pilih peran dari: {known}.", f"Choose roles from: {known}."))
    if any(not _AREA.fullmatch(area) for area in areas):
        wrong.append(FieldError("areas", "format", "Wilayah: kode kelurahan atau *.", "Areas: kelurahan codes or *."))
    if wrong:
        raise InvalidFields(fields=wrong)


def _reasoned(reason: str) -> None:
    if len(reason.strip()) < 5:  # noqa: PLR2004 - characters
        raise InvalidFields(
            fields=[
                FieldError(
                    "reason", "required", "Isi alasan, paling sedikit 5 karakter.", "Give a reason of at least 5 characters."
                )
            ]
        )


def _open(session: Session, staff_id: str) -> StaffMember:
    member = session.scalars(select(StaffMember).where(StaffMember.id == _uuid(staff_id)).with_for_update()).one_or_none()
    if member is None:
        raise NoSuchAccount
    if member.ended_at is not None:
        raise StaffHasEnded
    return member


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NoSuchAccount from None


def _note(session: Session, staff_id: uuid.UUID, admin_id: str, action: str, reason: str) -> None:
    session.execute(
        insert(StaffChange).values(
            id=uuid.uuid4(), staff_id=staff_id, admin_id=admin_id, action=action, reason=reason.strip(), at=clock.now()
        )
    )


def _view(row: StaffMember) -> StaffView:
    return StaffView(
        id=str(row.id), username=row.username, name=row.name, roles=tuple(row.roles), areas=tuple(row.areas), office=row.office,
        enrolled=row.totp_sealed is not None, created_at=row.created_at, ended_at=row.ended_at,
    )  # fmt: skip
