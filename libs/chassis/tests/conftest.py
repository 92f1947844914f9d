from pathlib import Path

import pytest
from chassis import broker, db
from chassis.testing import database_url, kafka, postgres, valkey  # noqa: F401 - fixtures

MIGRATIONS = Path(__file__).parent / "db" / "migrations"


@pytest.fixture
def url(database_url):  # noqa: F811 - the fixture above
    return database_url(MIGRATIONS)


@pytest.fixture
def database(url):
    opened = db.Database(url, pool_size=4, application_name="test")
    yield opened
    opened.close()


@pytest.fixture
def bus(database_url):  # noqa: F811 - the fixture above
    opened = broker.connect(database_url(), session_timeout=2)
    yield opened
    opened.close()
