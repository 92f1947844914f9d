"""A fresh migrated database, the means of identity, and the application, for every test of the gateway."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from chassis.db import Database
from chassis.testing import database_url, postgres, valkey  # noqa: F401 - fixtures
from gateway import messages
from gateway.demo import phone_of
from gateway.identity import registration, signin
from gateway.identity.means import Means, means_of
from gateway.identity.registry.simulator import person
from gateway.settings import Settings
from gateway.wsgi import create_app

MIGRATIONS = Path(__file__).parents[1] / "migrations"
PASSWORD = "Rawon-nguling-27"
ADDRESS = "203.0.113.5"


def _key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def settings(database_url) -> Settings:  # noqa: F811 - the fixture above
    return Settings(
        database_url=database_url(MIGRATIONS), event_bus_url="postgresql:///nowhere", vault_keys=f"k1:{_key()}", index_key=_key(),
        secret="only-for-tests-" * 3, demo=True, registry="simulator", sms="mailbox", rate_sign_in_per_minute=1000,
    )  # fmt: skip


@pytest.fixture
def means(settings) -> Iterator[Means]:
    db = Database(settings.database_url, pool_size=8, application_name="test")
    yield means_of(settings, db)
    db.close()


@pytest.fixture
def app(settings, means):
    return create_app(settings, means=means)


def form_of(number: int, **changes: str) -> dict[str, str]:
    """Return what synthetic person `number` would write into the registration form."""
    who = person(number)
    return {
        "nik": who.nik, "kk": who.kk, "name": who.profile.name, "birth_date": who.birth_date.isoformat(), "phone": phone_of(number),
        "password": PASSWORD, "email": "", "language": "id", **changes,
    }  # fmt: skip


def messages_to(means: Means, phone: str) -> list[str]:
    """Return what was sent to a phone, newest first."""
    with means.db.transaction() as session:
        return [each.body for each in messages.mailbox(session, means.vault, to=phone)]


def code_to(means: Means, phone: str) -> str:
    """Return the newest code that was sent to a phone."""
    return next(found[0] for body in messages_to(means, phone) if (found := re.search(r"\b\d{6}\b", body)))


def register(means: Means, number: int = 0, **changes: str) -> str:
    """Register a synthetic person; return the citizen's id."""
    form = form_of(number, **changes)
    begun = registration.begin(means, form, address=ADDRESS)
    return registration.confirm(means, begun.request_id, code_to(means, form["phone"]))


def signed_in(means: Means, number: int = 0, **how: str):
    """Register and sign a synthetic person in; return the session and what belongs to it."""
    citizen = register(means, number)
    new = signin.sign_in(means, person(number).nik, PASSWORD, address=ADDRESS, agent="test", **how)
    return SimpleNamespace(citizen_id=citizen, new=new, nik=person(number).nik, phone=phone_of(number))


@pytest.fixture
def people():
    """Return the helpers above, for tests that cannot import this file."""
    return SimpleNamespace(
        PASSWORD=PASSWORD,
        ADDRESS=ADDRESS,
        form_of=form_of,
        messages_to=messages_to,
        code_to=code_to,
        register=register,
        signed_in=signed_in,
    )
