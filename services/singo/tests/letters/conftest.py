"""Letters made for real: typeset, signed with a local key, stored in a folder, numbered in PostgreSQL."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from chassis import rpc
from chassis.crypto import Vault
from chassis.db import Database
from chassis.db.frame import outbox
from chassis.files import FileStore
from chassis.testing import serve
from malang.singo.v1 import letters_events_pb2, letters_pb2_grpc
from singo import letters
from singo.charter import Charter
from singo.letters.rpc import LettersServicer
from singo.letters.signing import local_identity
from singo.letters.verification import Verification

SAWOJAJAR = "35.73.03.1008"
URL = "https://layanan.contoh.id"
FIELDS = {"purpose": "pengajuan sambungan air", "resident_since": "2020-01-31", "dwelling": "sewa"}
APPLICANT = {
    "name": "Siti Aminah", "nik": "3573035501900001", "kk": "3573030101080001", "birth_place": "Malang",
    "birth_date": "1990-01-15", "sex": "P", "address": "Jl. Danau Toba No. 5", "rt": "003", "rw": "012",
    "kelurahan": SAWOJAJAR, "religion": "Islam", "occupation": "Guru", "marital_status": "Kawin", "nationality": "WNI",
}  # fmt: skip


@pytest.fixture(scope="session")
def signing_dir(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("signing")
    local_identity(folder)
    return folder


@pytest.fixture
def press_and_trust(signing_dir, tmp_path, vault) -> tuple[letters.Press, letters.Trust]:
    return letters.open_press(
        public_url=URL,
        signing_dir=signing_dir,
        timestamp_url="",
        vault=vault,
        files=FileStore(str(tmp_path / "files")),
        address_key=os.urandom(32),
    )


@pytest.fixture
def press(press_and_trust) -> letters.Press:
    return press_and_trust[0]


@pytest.fixture
def trust(press_and_trust) -> letters.Trust:
    return press_and_trust[1]


@dataclass
class Registry:
    """Short words for what happens to letters."""

    db: Database
    charter: Charter
    vault: Vault
    press: letters.Press

    def reserve(self, application: uuid.UUID | None = None, *, kind="domisili", who="citizen-a", at=SAWOJAJAR, **applicant):
        with self.db.transaction() as session:
            return self.reserve_in(session, application or uuid.uuid4(), kind=kind, who=who, at=at, **applicant)

    def reserve_in(self, session, application: uuid.UUID, *, kind="domisili", who="citizen-a", at=SAWOJAJAR, **applicant):
        return letters.reserve(
            session, self.charter, self.vault, application_id=application, citizen_id=who, kind=self.charter.kind(kind),
            kelurahan=at, reference="SGO-AAAA-BBBB", snapshot=APPLICANT | applicant, fields=FIELDS, signatory="",
        )  # fmt: skip

    def issued(self, **how):
        draft = self.reserve(**how)
        produced = letters.produce(self.press, draft)
        with self.db.transaction() as session:
            return letters.issue(session, draft.letter_id, produced, signed_by="lurah-1")

    def facts(self) -> list[tuple[Any, str, int]]:
        kind = letters_events_pb2.LetterIssued
        query = sa.select(outbox.c.payload, outbox.c.key, outbox.c.sequence).where(outbox.c.topic == "singo.letters")
        with self.db.transaction(readonly=True) as session:
            return [(kind.FromString(row.payload), row.key, row.sequence) for row in session.execute(query.order_by(outbox.c.id))]


@pytest.fixture
def registry(database, the_charter, vault, press) -> Registry:
    return Registry(database, the_charter, vault, press)


@pytest.fixture
def servicer(database, the_charter, press, trust) -> LettersServicer:
    return LettersServicer(database, the_charter, press, Verification(press, trust))


@pytest.fixture
def stub(servicer):
    served = rpc.Served(letters_pb2_grpc.add_LettersServicer_to_server, servicer, "malang.singo.v1.Letters")
    with serve(served) as upstream:
        yield upstream.stub(letters_pb2_grpc.LettersStub)
