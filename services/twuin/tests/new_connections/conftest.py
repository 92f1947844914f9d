"""An office for new connections: letters come as facts, work and money go through the use cases that production has."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from chassis import clock, principal, rpc
from chassis.db.frame import outbox
from chassis.inbox import Envelope
from chassis.principal import Principal
from chassis.testing import as_citizen, as_staff, database_url, postgres, serve  # noqa: F401 - fixtures
from malang.singo.v1.letters_events_pb2 import LetterIssued, LetterRevoked
from malang.twuin.v1 import new_connections_pb2 as pb
from malang.twuin.v1.billing_events_pb2 import BillPaid
from malang.twuin.v1.new_connections_pb2_grpc import NewConnectionsStub
from malang.twuin.v1.work_orders_events_pb2 import WorkOrderCompleted
from PIL import Image
from twuin import app, payments, work_orders
from twuin.new_connections.means import Place
from twuin.new_connections.subscriptions import subscriptions
from twuin.work_orders import field
from twuin.work_orders.model import Report

from services.twuin.tests.waterworks import SAWOJAJAR, Waterworks

HOME = Place("Jl. Danau Toba No. 5", "003", "012")
CREW = Principal("crew-1", "staff", roles=frozenset({"crew"}), loa=2, claims={"office": "Regu Timur"})


def picture(form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "green").save(out, form)
    return out.getvalue()


class Office:
    """Everything around new connections, and those who work there."""

    def __init__(self, works: Waterworks, upstream: rpc.Upstream) -> None:
        self.works, self.db, self.means = works, works.db, works.parts.applying
        self.calls = upstream.stub(NewConnectionsStub)
        self._handlers = {each.fact: each.handle for each in subscriptions(self.means)}
        self._told = 0

    # Facts

    def say(self, fact: object, *, sequence: int = 1) -> None:
        """Let a fact arrive."""
        around = Envelope(
            id=uuid.uuid4(), type=fact.DESCRIPTOR.full_name, source="test", time=clock.now(), subject="", sequence=sequence,
            traceparent="", topic="test", partition=0, offset=0,
        )  # fmt: skip
        with self.db.transaction() as session:
            self._handlers[type(fact)](session, fact, around)

    def letter(self, citizen: str = "ani", *, home: Place = HOME, kind: str = "domisili", until: str = "2099-01-01", **more) -> str:
        """Let a letter be issued; return its id."""
        letter_id = more.pop("letter_id", None) or str(uuid.uuid4())
        self.say(self.issued(letter_id, citizen, home=home, kind=kind, until=until, **more))
        return letter_id

    def issued(self, letter_id: str, citizen: str = "ani", *, home: Place = HOME, kind="domisili", until="2099-01-01", hashed=True):
        fact = LetterIssued(
            letter_id=letter_id, citizen_id=citizen, kind=kind, sha256="ab" * 32, valid_until=until, reference="SGO-AAAA-BBBB",
            address_hash=self.means.address_hash(SAWOJAJAR, home) if hashed else "",
        )  # fmt: skip
        fact.signed_at.FromDatetime(clock.now())
        return fact

    def revoke(self, letter_id: str, citizen: str = "ani") -> None:
        fact = LetterRevoked(letter_id=letter_id, citizen_id=citizen, kind="domisili", reference="SGO-AAAA-BBBB")
        fact.revoked_at.FromDatetime(clock.now())
        self.say(fact, sequence=2)

    def deliver(self, *, again: bool = False) -> None:
        """Let the facts that twuin said of itself arrive; `again`: also all that arrived before."""
        kinds = {kind.DESCRIPTOR.full_name: kind for kind in (WorkOrderCompleted, BillPaid)}
        with self.db.transaction(readonly=True) as session:
            rows = session.execute(
                sa.select(outbox.c.id, outbox.c.type, outbox.c.payload)
                .where(outbox.c.type.in_(list(kinds)), outbox.c.id > (0 if again else self._told))
                .order_by(outbox.c.id)
            ).all()
        for place, name, payload in rows:
            self.say(kinds[name].FromString(payload))
            self._told = max(self._told, place)

    # The applicant

    def request(self, letter_id: str, **changes) -> pb.ApplyRequest:
        values = {
            "letter_id": letter_id, "address": "jalan danau toba 5", "rt": "3", "rw": "12", "kelurahan": SAWOJAJAR,
            "latitude": -7.97, "longitude": 112.66, "tariff_group": "IIIA",
            "documents": [pb.DocumentUpload(kind="house", file_name="../rumah.png", content=picture())],
            "applicant": pb.ConnectionApplicant(name="Ani Lestari", phone="+628000000001"),
        }  # fmt: skip
        return pb.ApplyRequest(**{**values, **changes})

    def apply(self, letter_id: str | None = None, citizen: str = "ani", **changes) -> pb.NewConnection:
        letter_id = letter_id or self.letter(citizen)
        with as_citizen(citizen):
            return self.calls.Apply(self.request(letter_id, **changes))

    def get(self, one: pb.NewConnection, citizen: str = "ani") -> pb.NewConnection:
        with as_citizen(citizen):
            return self.calls.Get(pb.GetNewConnectionRequest(application_id=one.application_id))

    def pay(self, one: pb.NewConnection, citizen: str = "ani") -> None:
        bill = uuid.UUID(self.get(one, citizen).bill_id)
        payments.pay_in_demo(self.db, self.works.parts.provider, citizen_id=citizen, bill_ids=[bill])
        self.deliver()

    # The desk and the crew

    def check(self, one: pb.NewConnection, **who) -> pb.NewConnection:
        with as_staff(roles=["water_cs"], **who):
            return self.calls.Check(pb.CheckNewConnectionRequest(application_id=one.application_id))

    def refuse(self, one: pb.NewConnection, reason: str = "documents", text: str = "Foto tidak jelas") -> pb.NewConnection:
        with as_staff(roles=["water_cs"]):
            return self.calls.Refuse(pb.RefuseNewConnectionRequest(application_id=one.application_id, reason=reason, text=text))

    def work(self, one: pb.NewConnection, report: Report) -> None:
        """Let a crew do the visit that is open, and the fact arrive."""
        self.visit(one, report)
        self.deliver()

    def visit(self, one: pb.NewConnection, report: Report) -> None:
        """Let a crew do the visit that is open."""
        [order] = [each for each in self.orders(one) if each.open]
        with principal.acting(CREW), self.db.transaction() as session:
            field.accept(session, CREW, order.work_order_id)
            field.arrive(session, CREW, order.work_order_id, 0, 0)
            field.complete(session, CREW, order.work_order_id, report)

    def survey(self, one: pb.NewConnection, *, metres: int = 12, diameter: int = 20, feasible: bool = True) -> None:
        self.work(one, surveyed(metres, diameter, feasible=feasible))

    def install(self, one: pb.NewConnection, serial: str = "NEW-0001", reading: int = 3) -> None:
        self.work(one, installed(serial, reading))

    def orders(self, one: pb.NewConnection) -> list[work_orders.WorkOrder]:
        with self.db.transaction(readonly=True) as session:
            return work_orders.by_subject(session, uuid.UUID(one.application_id))

    def one(self, query: str, **values: object) -> object:
        """Return the only value of plain SQL."""
        with self.db.transaction(readonly=True) as session:
            return session.execute(sa.text(query), values).scalar_one()

    def facts(self, kind: type) -> list:
        return self.works.facts(kind)


def surveyed(metres: int, diameter: int = 20, *, feasible: bool = True) -> Report:
    return Report("surveyed", "", survey=work_orders.Survey(metres, diameter, feasible, -7.97, 112.66))


def installed(serial: str = "NEW-0001", reading: int = 3) -> Report:
    return Report("installed", "", installation=work_orders.Installation(serial, "SEGEL-1", reading, -7.97, 112.66))


@pytest.fixture
def office(waterworks: Waterworks) -> Iterator[Office]:
    app.load_tariffs(waterworks.parts)
    with waterworks.db.transaction() as session:
        work_orders.load_crews(session, work_orders.read_crews(""))
    from twuin.new_connections import rpc as served

    with serve(served.served(waterworks.db, waterworks.parts.applying)) as upstream:
        yield Office(waterworks, upstream)
