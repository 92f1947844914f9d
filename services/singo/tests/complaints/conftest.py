"""Complaints over real gRPC and PostgreSQL, with the helpers that their tests share."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from chassis import clock
from chassis.db.frame import outbox
from chassis.files import FileStore
from chassis.inbox import Envelope
from chassis.rpc import Served
from chassis.testing import as_citizen, as_staff, serve
from malang.singo.v1 import complaints_pb2 as pb
from malang.singo.v1.complaints_pb2_grpc import ComplaintsStub, add_ComplaintsServicer_to_server
from PIL import Image
from singo.complaints import categories
from singo.complaints.means import Means
from singo.complaints.rpc import ComplaintsServicer
from singo.complaints.subscriptions import Listener
from workdays import city_calendar

SAWOJAJAR = "35.73.03.1008"
PLACE = {"latitude": -7.973456789, "longitude": 112.658765432}
TEXT = "Aspal berlubang sedalam mata kaki di depan pasar."


@dataclass
class World:
    """A served Singo and short words for what people do in it."""

    stub: Any
    db: Any
    means: Means
    served: Any
    listener: Listener

    @staticmethod
    def picture(colour="white", size=(60, 40)) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", size, colour).save(out, "JPEG")
        return out.getvalue()

    def officer(self, subject="officer-1", *, roles=("officer",), areas=(SAWOJAJAR,)):
        return as_staff(roles=roles, areas=areas, subject=subject)

    def file(self, who="citizen-a", *, acting=as_citizen, photos=(), category="road", **how) -> pb.Complaint:
        asked = {"category": category, "text": TEXT, "position": PLACE, "kelurahan": SAWOJAJAR} | how
        uploads = [pb.PhotoUpload(file_name="x.jpg", content=each) for each in photos]
        with acting(who):
            return self.stub.File(pb.FileComplaintRequest(**asked, photos=uploads))

    def leak(self, who="citizen-a", **how) -> pb.Complaint:
        return self.file(who, **({"category": "water_leak"} | how))

    def get(self, complaint, who="citizen-a") -> pb.Complaint:
        with as_citizen(who):
            return self.stub.Get(pb.GetComplaintRequest(complaint_id=complaint.complaint_id))

    def assign(self, complaint, staff="", **who) -> pb.Complaint:
        with self.officer(**who):
            return self.stub.Assign(pb.AssignComplaintRequest(complaint_id=complaint.complaint_id, staff_id=staff))

    def resolve(self, complaint, text="Lubang sudah ditambal.", **who) -> pb.Complaint:
        with self.officer(**who):
            return self.stub.Resolve(pb.ResolveComplaintRequest(complaint_id=complaint.complaint_id, text=text))

    def reopen(self, complaint, who="citizen-a", reason="Masih berlubang lagi.") -> pb.Complaint:
        with as_citizen(who):
            return self.stub.Reopen(pb.ReopenComplaintRequest(complaint_id=complaint.complaint_id, reason=reason))

    def hear(self, fact, sequence=1, at: dt.datetime | None = None) -> None:
        """Let a fact have its effect, as a consumer would."""
        (found,) = [each for each in self.listener.subscriptions() if each.fact is type(fact)]
        key = getattr(fact, "leak_id", "")
        envelope = Envelope(
            uuid.uuid4(), fact.DESCRIPTOR.full_name, "/twuin", at or clock.now(), key, sequence, "", "twuin.leaks", 0, 0
        )
        with self.db.transaction() as session:
            found.handle(session, fact, envelope)

    def facts(self, kind) -> list[Any]:
        """Return the facts of one kind that were said, in order, with their outbox rows' key and sequence."""
        query = sa.select(outbox.c.payload, outbox.c.key, outbox.c.sequence).where(outbox.c.type == kind.DESCRIPTOR.full_name)
        with self.db.transaction(readonly=True) as session:
            rows = session.execute(query.order_by(outbox.c.id)).all()
        return [(kind.FromString(row.payload), row.key, row.sequence) for row in rows]


@pytest.fixture
def means(the_charter, vault, tmp_path) -> Means:
    return Means(categories.load(), the_charter, city_calendar(), vault, FileStore(str(tmp_path / "files")))


@pytest.fixture
def world(database, means) -> Iterator[World]:
    served = Served(add_ComplaintsServicer_to_server, ComplaintsServicer(database, means), "malang.singo.v1.Complaints")
    with serve(served, audience="singo") as upstream:
        yield World(upstream.stub(ComplaintsStub), database, means, served, Listener(means))
