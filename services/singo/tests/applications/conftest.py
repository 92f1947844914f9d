"""Applications over real gRPC and PostgreSQL, with the helpers that their tests share."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from chassis.db.frame import outbox
from chassis.files import FileStore
from chassis.rpc import Served
from chassis.testing import as_citizen, as_staff, serve
from malang.singo.v1 import applications_pb2 as pb
from malang.singo.v1.applications_pb2_grpc import ApplicationsStub, add_ApplicationsServicer_to_server
from PIL import Image
from singo import letters
from singo.applications.means import Means
from singo.applications.rpc import ApplicationsServicer
from singo.applications.signing import Signing
from workdays import city_calendar

SAWOJAJAR = "35.73.03.1008"
FORM = {"purpose": "pengajuan sambungan air", "resident_since": "2020-01-31", "dwelling": "sewa"}
APPLICANT = {
    "name": "Siti Aminah", "nik": "3573035501900001", "kk": "3573030101080001", "birth_place": "Malang",
    "birth_date": "1990-01-15", "sex": "P", "address": "Jl. Danau Toba No. 5", "rt": "003", "rw": "012",
    "kelurahan": SAWOJAJAR, "religion": "Islam", "occupation": "Guru", "marital_status": "Kawin", "nationality": "WNI",
}  # fmt: skip


def picture(colour: str = "white") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "JPEG")
    return out.getvalue()


@dataclass
class World:
    """A served Singo and short words for what people do in it."""

    stub: Any
    db: Any
    means: Means
    served: Any
    signing: Signing

    def draft(self, who="citizen-a", kind="domisili", fields=None) -> pb.Application:
        with as_citizen(who):
            return self.stub.SaveDraft(pb.SaveDraftRequest(kind=kind, fields=json.dumps(FORM if fields is None else fields)))

    def complete(self, who="citizen-a", kind="domisili", fields=None) -> pb.Application:
        draft = self.draft(who, kind, fields)
        with as_citizen(who):
            for place, each in enumerate(self.means.charter.kind(kind).requirements):
                draft = self.stub.AddAttachment(
                    pb.AddAttachmentRequest(
                        application_id=draft.application_id,
                        requirement=each.code,
                        file_name=f"{each.code}.jpg",
                        content=picture(f"rgb({place * 50},0,0)"),
                    )
                )
        return draft

    def submitted(self, who="citizen-a", kind="domisili", fields=None, **applicant) -> pb.Application:
        draft = self.complete(who, kind, fields)
        return self.hand_in(draft, who, **applicant)

    def hand_in(self, draft, who="citizen-a", **applicant) -> pb.Application:
        with as_citizen(who):
            return self.stub.Submit(
                pb.SubmitRequest(application_id=draft.application_id, applicant=pb.ApplicantSnapshot(**(APPLICANT | applicant)))
            )

    def approved(self, **how) -> pb.Application:
        application = self.submitted(**how)
        with as_staff(roles=["officer"], subject="officer-1"):
            return self.stub.Approve(pb.ApproveRequest(application_id=application.application_id))

    def facts(self, kind) -> list[Any]:
        """Return the facts of one kind that were said, in order, with their outbox rows' key and sequence."""
        query = sa.select(outbox.c.payload, outbox.c.key, outbox.c.sequence).where(outbox.c.type == kind.DESCRIPTOR.full_name)
        with self.db.transaction(readonly=True) as session:
            rows = session.execute(query.order_by(outbox.c.id)).all()
        return [(kind.FromString(row.payload), row.key, row.sequence) for row in rows]


@pytest.fixture
def means(the_charter, vault, tmp_path) -> Means:
    return Means(the_charter, city_calendar(), vault, FileStore(str(tmp_path / "files")))


@pytest.fixture
def signing(database, means, tmp_path) -> Signing:
    press, _trust = letters.open_press(
        public_url="https://layanan.test",
        signing_dir=tmp_path / "signing",
        timestamp_url="",
        vault=means.vault,
        files=means.files,
        address_key=b"a" * 32,
    )
    return Signing(database, means, press, lease_seconds=30)


@pytest.fixture
def world(database, means, signing) -> Iterator[World]:
    servicer = ApplicationsServicer(database, means, signing)
    served = Served(add_ApplicationsServicer_to_server, servicer, "malang.singo.v1.Applications")
    with serve(served, audience="singo") as upstream:
        yield World(upstream.stub(ApplicationsStub), database, means, served, signing)
