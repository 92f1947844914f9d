"""Demo people and staff: registered through the real use cases; their passwords follow from this deployment's secret."""

from __future__ import annotations

import base64
import contextlib
import hmac
import re
from typing import Any

from gateway import messages
from gateway.identity import accounts, registration, staff
from gateway.identity.errors import UsernameTaken
from gateway.identity.means import Means
from gateway.identity.registry.simulator import Person, person

SAWOJAJAR, DINOYO = "35.73.03.1008", "35.73.05.1004"
CITIZENS = (0, 1, 2)
FREE = range(10, 300)  # synthetic people of Sawojajar who have no account: for trying out registration
STAFF: tuple[tuple[str, str, str, tuple[str, ...], str], ...] = (
    ("officer", "petugas.sawojajar", "Rina Puspitasari", (SAWOJAJAR,), "Kelurahan Sawojajar"),
    ("officer", "petugas.dinoyo", "Fajar Nugraha", (DINOYO,), "Kelurahan Dinoyo"),
    ("lurah", "lurah.sawojajar", "Drs. Agung Prasetyo, M.Si.", (SAWOJAJAR,), "Kelurahan Sawojajar"),
    ("water_cs", "cs.air", "Yoga Pradana", ("*",), "Layanan Pelanggan Air"),
    ("cashier", "kasir.air", "Nur Aini", ("*",), "Loket Pembayaran Air"),
    ("crew", "regu.utara", "Slamet Riyanto", ("*",), "Regu Utara"),  # a crew's office is its name at the water utility
    ("crew", "regu.timur", "Bambang Sutejo", ("*",), "Regu Timur"),
    ("crew", "regu.barat", "Agus Wahyudi", ("*",), "Regu Barat"),
    ("operator", "operator.air", "Dian Permana", ("*",), "Pusat Kendali Air"),
    ("admin", "admin", "Mira Anggraini", ("*",), "Dinas Komunikasi dan Informatika"),
)


def seed(means: Means) -> dict[str, Any]:
    """Make what is missing; return every demo sign-in and the people who may register."""
    return {
        "citizens": [_citizen(means, number) for number in CITIZENS],
        "staff": [_staff(means, entry) for entry in STAFF],
        "people": [_shown(number, person(number)) for number in FREE],
    }


def phone_of(number: int) -> str:
    """Return the phone of a synthetic person; nobody has such a number."""
    return f"+62812000{number:06}"


def _shown(number: int, who: Person) -> dict[str, str]:
    return {
        "nik": who.nik, "kk": who.kk, "name": who.profile.name, "birth_date": who.birth_date.isoformat(), "phone": phone_of(number),
    }  # fmt: skip


def _citizen(means: Means, number: int) -> dict[str, str]:
    shown = _shown(number, person(number))
    shown["password"] = _derived(means, f"citizen {number}")
    with means.db.transaction(readonly=True) as session:
        known = accounts.by_identifier(session, means.vault, shown["nik"])
    if known is None:
        begun = registration.begin(means, shown, address="demo")
        registration.confirm(means, begun.request_id, _code_for(means, shown["phone"]))
    return shown


def _code_for(means: Means, phone: str) -> str:
    with means.db.transaction(readonly=True) as session:
        body = messages.mailbox(session, means.vault, to=phone, most=1)[0].body
    found = re.search(r"\b\d{6}\b", body)
    if found is None:
        raise RuntimeError("no code was sent")
    return found[0]


def _staff(means: Means, entry: tuple[str, str, str, tuple[str, ...], str]) -> dict[str, str]:
    role, username, name, areas, office = entry
    password = _derived(means, f"staff {username}")
    secret = base64.b32encode(_digest(means, f"totp {username}")[:20]).decode()
    with contextlib.suppress(UsernameTaken):  # made by an earlier run
        staff.create(
            means,
            username=username,
            name=name,
            roles=(role,),
            areas=areas,
            office=office,
            must_change_password=False,
            password=password,
            secret=secret,
        )
    return {"role": role, "username": username, "name": name, "password": password, "totp_secret": secret}


def _derived(means: Means, what: str) -> str:
    """Return a demo password: the same at every start, another in every deployment, kept nowhere."""
    return base64.b32encode(_digest(means, what))[:14].decode().lower()


def _digest(means: Means, what: str) -> bytes:
    return hmac.digest(means.settings.secret.encode(), f"demo|{what}".encode(), "sha256")
