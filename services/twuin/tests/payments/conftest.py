from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from chassis import rpc
from chassis.testing import database_url, postgres, serve  # noqa: F401 - fixtures
from malang.twuin.v1.billing_pb2_grpc import add_BillingServicer_to_server
from malang.twuin.v1.payments_pb2_grpc import PaymentsStub, add_PaymentsServicer_to_server
from twuin import billing
from twuin.billing.rpc import BillingServicer
from twuin.payments.local import LocalProvider
from twuin.payments.rpc import PaymentsServicer

from services.twuin.tests.billing.city import DUE, MIGRATIONS, PERIOD, City

SECRET = b"secret of the tests, long enough"


@pytest.fixture
def city(database_url) -> Iterator[City]:  # noqa: F811 - the fixture
    city = City(database_url(MIGRATIONS))
    yield city
    city.db.close()


@pytest.fixture
def provider(city: City) -> LocalProvider:
    return LocalProvider(city.db, SECRET)


@pytest.fixture
def upstream(city: City, provider: LocalProvider) -> Iterator[rpc.Upstream]:
    with serve(
        rpc.Served(add_PaymentsServicer_to_server, PaymentsServicer(city.db, provider), "malang.twuin.v1.Payments"),
        rpc.Served(add_BillingServicer_to_server, BillingServicer(city.db), "malang.twuin.v1.Billing"),
    ) as upstream:
        yield upstream


@pytest.fixture
def payments(upstream: rpc.Upstream) -> PaymentsStub:
    return upstream.stub(PaymentsStub)


@pytest.fixture
def bills(city: City) -> list[uuid.UUID]:
    """Two bills of Ani's connection, oldest first: 110,000 and 35,500 rupiah."""
    city.connect({"2026-09": 25, PERIOD: 10}, citizens=["ani"])
    for period in ("2026-09", PERIOD):
        billing.run_period(city.db, period, DUE)
    return [bill_id for (bill_id,) in city.rows("select bill_id from bills order by period")]
