from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Callable, Iterator

import pytest
from chassis import clock, principal
from chassis.principal import Acting, Principal
from chassis.testing import database_url, postgres, serve  # noqa: F401 - fixtures
from malang.twuin.v1 import work_orders_pb2_grpc
from PIL import Image
from twuin import work_orders
from twuin.work_orders import Kind, WorkOrder, rpc

from services.twuin.tests.waterworks import NOW, SAWOJAJAR, Waterworks

DUE = dt.date(2026, 11, 30)
HERE = (-7.97, 112.66)


def as_crew(subject: str = "ani", crew: str = "Regu Timur") -> Acting:
    """Be a member of a crew inside the block."""
    return principal.acting(Principal(subject, "staff", roles=frozenset({"crew"}), loa=2, claims={"office": crew}))


def photo(size: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(out, "JPEG", comment=b"where I live")
    return out.getvalue()


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def crewed(waterworks: Waterworks) -> Waterworks:
    with waterworks.db.transaction() as session:
        assert work_orders.load_crews(session, work_orders.read_crews("")) == 3
    return waterworks


@pytest.fixture
def make(waterworks: Waterworks) -> Callable[..., WorkOrder]:
    """Make an order in a transaction of its own."""

    def made(*, kind: Kind = Kind.LEAK, zone: str = "Z06", **more: object) -> WorkOrder:
        given = {
            "subject_id": uuid.uuid4(),
            "subject_number": "KBC-26-000001",
            "kelurahan": SAWOJAJAR,
            "position": HERE,
            "due_on": DUE,
        }
        with waterworks.db.transaction() as session:
            return work_orders.create(session, waterworks.parts.vault, kind=kind, zone=zone, **{**given, **more})

    return made


@pytest.fixture
def calls(crewed: Waterworks) -> Iterator[work_orders_pb2_grpc.WorkOrdersStub]:
    with serve(rpc.served(crewed.db, crewed.parts.album)) as upstream:
        yield upstream.stub(work_orders_pb2_grpc.WorkOrdersStub)
