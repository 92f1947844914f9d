"""What an application must say, and how it is kept."""

from __future__ import annotations

import uuid

import pytest
from chassis.testing import as_citizen, with_key
from malang.twuin.v1 import new_connections_events_pb2 as facts
from malang.twuin.v1 import new_connections_pb2 as pb

from services.twuin.tests.new_connections.conftest import Office, picture
from services.twuin.tests.new_connections.walks import refused


def test_every_field_that_is_wrong_is_named_at_once(office: Office) -> None:
    wrong = {
        "letter_id": "", "address": "x", "rt": "a", "rw": "1234", "kelurahan": "99", "latitude": 1.0, "longitude": 1.0,
        "tariff_group": "ZZ", "documents": [pb.DocumentUpload(kind="house", content=b"%PDF-1.7")],
        "applicant": pb.ConnectionApplicant(phone="12"),
    }  # fmt: skip
    with as_citizen("ani"):
        failure = refused("invalid", "invalid_fields", office.calls.Apply, office.request(**wrong))
    assert {each.field for each in failure.fields} == {
        "letter_id", "address", "rt", "rw", "latitude", "kelurahan", "tariff_group", "applicant.name", "applicant.phone",
        "documents.0.content",
    }  # fmt: skip
    assert all(each.id != each.en for each in failure.fields)
    assert office.one("select count(*) from new_connections") == 0


def test_a_weak_identity_does_not_apply(office: Office) -> None:
    letter = office.letter()
    with as_citizen("ani", loa=1):
        refused("refused", "assurance_too_low", office.calls.Apply, office.request(letter))


def test_one_home_has_one_application_of_a_person_at_a_time(office: Office) -> None:
    letter = office.letter()
    one = office.apply(letter)
    assert one.number in refused("conflict", "already_applied", office.apply, letter).id
    with as_citizen("ani"):
        office.calls.Withdraw(pb.WithdrawNewConnectionRequest(application_id=one.application_id, reason="Pindah lagi"))
    assert office.apply(letter).state == pb.NEW_CONNECTION_STATE_APPLIED


def test_the_same_key_applies_once(office: Office) -> None:
    letter = office.letter()
    with as_citizen("ani"), with_key("k1"):
        answers = [office.calls.Apply(office.request(letter)).number for _ in range(3)]
    assert len(set(answers)) == 1
    assert len(office.facts(facts.NewConnectionApplied)) == 1


def test_pictures_are_made_anew_and_sealed(office: Office) -> None:
    one = office.apply(documents=[pb.DocumentUpload(kind="house", file_name="../../a<b>.png", content=picture() + b"trailing")])
    [document] = office.get(one).documents
    assert (document.file_name, document.media_type) == ("a_b.jpg", "image/jpeg")
    with as_citizen("ani"):
        asked = pb.GetDocumentRequest(application_id=one.application_id, document_id=document.document_id)
        content = office.calls.GetDocument(asked).content
    assert content.startswith(b"\xff\xd8")
    assert b"trailing" not in content
    assert not bytes(office.one("select content from new_connection_documents")).startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    "documents",
    [
        [pb.DocumentUpload(kind="house", content=picture())] * 2,
        [pb.DocumentUpload(kind="selfie", content=picture())],
        [pb.DocumentUpload(kind="house", content=b"")],
    ],
)
def test_documents_that_do_not_fit_are_refused(office: Office, documents: list) -> None:
    refused("invalid", "invalid_fields", office.apply, documents=documents)


def test_personal_data_is_sealed(office: Office) -> None:
    one = office.apply()
    whole = office.one(
        "select new_connections::text from new_connections where application_id = :id", id=uuid.UUID(one.application_id)
    )
    assert "Lestari" not in str(whole)
    assert "danau" not in str(whole)
