from __future__ import annotations

from collections.abc import Iterator

import pytest
from chassis.testing import database_url, postgres  # noqa: F401 - fixtures

from services.twuin.tests.billing.city import MIGRATIONS, City


@pytest.fixture
def city(database_url) -> Iterator[City]:  # noqa: F811 - the fixture
    city = City(database_url(MIGRATIONS))
    yield city
    city.db.close()
