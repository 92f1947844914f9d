"""Registration: the data is checked by its rules and by the registry, the phone by a code, and then there is an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec
from chassis import clock, outbox
from chassis.errors import FieldError, InvalidFields
from malang.gateway.v1.identity_events_pb2 import CitizenRegistered
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from gateway.identity import accounts, challenges, throttle
from gateway.identity.accounts import Registrant
from gateway.identity.challenges import Pending
from gateway.identity.errors import AlreadyRegistered, IdentityNotConfirmed, RegistryUnavailable
from gateway.identity.means import Means
from gateway.identity.model import Nik, check_birth_date, check_email, check_kk, check_name, check_nik, check_password, check_phone
from gateway.identity.registry import Profile
from gateway.identity.tables import Account
from gateway.messages import queue


def begin(means: Means, form: Mapping[str, str], *, address: str) -> Pending:
    """Check the data and send a code to the phone. Form: nik, kk, name, birth_date, phone, password, email, language.

    Someone who is registered already gets the same answer; the owner of the account is told, and no code will fit.
    """
    who, password = _checked(form)
    throttle.enter(means, throttle.keys_for(means, "register", who.nik, address))
    profile = _confirmed(means, who)
    hashed = means.hasher.hash(password)
    payload = {
        "who": msgspec.to_builtins(asdict(who)), "profile": asdict(profile), "password": hashed, "address": address,
    }  # fmt: skip
    with means.db.transaction() as session:
        known = session.scalars(
            select(Account).where(
                (Account.nik_index == accounts.nik_index(means.vault, who.nik))
                | (Account.phone_index == accounts.phone_index(means.vault, who.phone))
            )
        ).all()
        for owner in known:
            queue(session, means.vault, to=accounts.phone_of(means.vault, owner), body=_TOLD)
        return challenges.begin(session, means, "register", payload=payload, phone=who.phone, decoy=bool(known))


def resend(means: Means, request_id: str) -> Pending:
    """Send a new code for a registration that was begun."""
    return challenges.resend(means, "register", request_id)


def confirm(means: Means, request_id: str, code: str) -> str:
    """Open the account when the code is right; return the citizen's id."""
    begun = challenges.answer(means, "register", request_id, code)
    who = msgspec.convert(begun.payload["who"], Registrant)
    profile = msgspec.convert(begun.payload["profile"], Profile)
    try:
        with means.db.transaction() as session:
            challenges.use(session, begun)
            citizen = accounts.open_account(session, means.vault, who, profile, password_hash=str(begun.payload["password"]))
            outbox.append(session, CitizenRegistered(citizen_id=str(citizen)), key=str(citizen), sequence=1)
    except IntegrityError:
        raise AlreadyRegistered from None
    # An office where many people register is no guesser: who proved to be that person gives the try back.
    throttle.clear(means, throttle.keys_for(means, "register", who.nik, str(begun.payload.get("address", ""))))
    return str(citizen)


_TOLD = (
    "Ada yang mencoba mendaftar di Singo/Twuin dengan NIK atau nomor telepon akun Anda. Jika itu Anda, silakan masuk atau pakai "
    "'Lupa sandi'. Jika bukan, abaikan pesan ini. / Someone tried to register with your NIK or phone number. If it was you, "
    "sign in or use 'Forgot password'."
)


def _checked(form: Mapping[str, str]) -> tuple[Registrant, str]:
    given = {name: str(form.get(name, "")) for name in ("nik", "kk", "name", "birth_date", "phone", "password", "email")}
    nik, kk, name = check_nik(given["nik"]), check_kk(given["kk"]), check_name(given["name"])
    born, phone, email = (
        check_birth_date(given["birth_date"], clock.today()),
        check_phone(given["phone"]),
        check_email(given["email"]),
    )
    known: list[str] = [given["name"], given["nik"], given["phone"], given["email"]]
    wrong: list[FieldError] = [
        error for checked in (nik, kk, name, born, phone, email) if isinstance(checked, list) for error in checked
    ]
    wrong += check_password(given["password"], not_like=known)
    if wrong:
        raise InvalidFields(fields=wrong)
    parts: Any = {"kk": kk, "name": name, "birth_date": born, "phone": phone, "email": email}  # none is a list of errors now
    number = nik.number if isinstance(nik, Nik) else ""
    return Registrant(nik=number, language="en" if form.get("language") == "en" else "id", **parts), given["password"]


def _confirmed(means: Means, who: Registrant) -> Profile:
    found = means.registry.match(nik=who.nik, kk=who.kk, name=who.name, birth_date=who.birth_date)
    if found.answer == "unavailable":
        raise RegistryUnavailable
    if found.answer == "no_match" or found.profile is None:
        raise IdentityNotConfirmed
    return found.profile
