"""A fresh migrated database and the charter, for every test of this service."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chassis.crypto import Vault
from chassis.db import Database
from chassis.testing import database_url, postgres  # noqa: F401 - fixtures
from singo import charter

MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def database(database_url) -> Iterator[Database]:  # noqa: F811 - the fixture above
    db = Database(database_url(MIGRATIONS), application_name="test")
    yield db
    db.close()


@pytest.fixture(scope="session")
def the_charter() -> charter.Charter:
    return charter.load()


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault.from_setting(f"k1:{_key()}", index=_key())


def _key() -> str:
    return base64.b64encode(os.urandom(32)).decode()
