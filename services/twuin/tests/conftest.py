from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from chassis.testing import database_url, postgres  # noqa: F401 - fixtures
from twuin.settings import Settings

from services.twuin.tests.waterworks import Waterworks


@pytest.fixture
def settings(database_url, tmp_path) -> Settings:  # noqa: F811 - the fixture
    from twuin import app

    return Settings(
        database_url=database_url(app.MIGRATIONS),
        event_bus_url="postgresql://unused",
        jwks_url="http://unused",
        vault_keys="k1:" + base64.b64encode(b"v" * 32).decode(),
        index_key=base64.b64encode(b"i" * 32).decode(),
        address_key=base64.b64encode(b"a" * 32).decode(),
        provider_secret="a secret of the provider",
        files_url=str(tmp_path / "files"),
    )


@pytest.fixture
def waterworks(settings: Settings) -> Iterator[Waterworks]:
    works = Waterworks(settings)
    yield works
    works.db.close()
