"""Drafts, and what handing one in asks for."""

from __future__ import annotations

import json

import pytest
from chassis import clock
from chassis.testing import as_citizen, with_key
from malang.singo.v1 import applications_events_pb2 as facts
from malang.singo.v1 import applications_pb2 as pb

from services.singo.tests.applications.counter import SAWOJAJAR, TUESDAY, events, refused


def test_a_draft_is_saved_as_it_is_typed_and_read_back(world):
    draft = world.draft(fields={"purpose": "a"})
    with as_citizen("citizen-a"):
        saved = world.stub.SaveDraft(
            pb.SaveDraftRequest(application_id=draft.application_id, fields='{"purpose": "ab"}', version=1)
        )
        assert saved.version == 2
        with refused("conflict", "edited_elsewhere"):
            world.stub.SaveDraft(pb.SaveDraftRequest(application_id=draft.application_id, fields="{}", version=1))
        read = world.stub.Get(pb.GetRequest(application_id=draft.application_id))
    assert json.loads(read.fields) == {"purpose": "ab"}
    assert read.state == pb.APPLICATION_STATE_DRAFT
    assert (read.due_on, read.working_days_left, events(read)) == ("", 0, ["drafted"])


def test_what_a_person_typed_and_is_lies_sealed(world):
    world.submitted(fields={"purpose": "rahasia keluarga", "resident_since": "2020-01-31", "dwelling": "sewa"})
    with world.db.engine.connect() as connection:
        row = connection.exec_driver_sql("select * from application").one()
    for secret in (b"rahasia", b"Siti", b"3573035501900001"):
        assert secret not in row.fields + row.applicant
    assert "Siti" not in str(row)
    stored = list(world.means.files.under("attachments"))
    assert len(stored) == 3
    assert all(b"JFIF" not in world.means.files.get(each.path) for each in stored)


def test_submission_says_everything_that_is_missing_and_changes_nothing(world):
    draft = world.draft(fields={"purpose": "x"})
    with refused("invalid") as failure:
        world.hand_in(draft)
    said = {each.field: each for each in failure.value.fields}
    assert set(said) == {
        "fields.purpose", "fields.resident_since", "fields.dwelling",
        "attachments.surat_pengantar", "attachments.ktp", "attachments.kk",
    }  # fmt: skip
    assert said["fields.dwelling"].id == "Status tempat tinggal wajib diisi."
    assert said["fields.dwelling"].en == "Kind of tenure is required."
    with as_citizen("citizen-a"):
        assert world.stub.Get(pb.GetRequest(application_id=draft.application_id)).version == draft.version
    assert world.facts(facts.ApplicationSubmitted) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"nik": "123"}, "nik"),
        ({"name": " "}, "name"),
        ({"birth_date": "1990-02-30"}, "birth_date"),
        ({"kelurahan": "35.07.01.2001"}, "kelurahan"),
    ],
)
def test_a_snapshot_that_no_letter_could_certify_is_refused(world, wrong, field):
    with refused("invalid") as failure:
        world.submitted(**wrong)
    assert [each.field for each in failure.value.fields] == [f"applicant.{field}"]


def test_submission_needs_a_proved_identity(world):
    draft = world.complete()
    with as_citizen("citizen-a", loa=1), refused("refused", "assurance_too_low"):
        world.stub.Submit(pb.SubmitRequest(application_id=draft.application_id))


def test_handing_in_starts_the_clock_and_says_the_fact(world):
    with clock.frozen(TUESDAY):
        application = world.submitted()
        assert application.state == pb.APPLICATION_STATE_SUBMITTED
        assert (application.due_on, application.working_days_left) == ("2026-11-25", 1)
    ((fact, key, sequence),) = world.facts(facts.ApplicationSubmitted)
    assert (key, sequence) == (application.application_id, application.version)
    assert (fact.citizen_id, fact.kelurahan, fact.reference) == ("citizen-a", SAWOJAJAR, application.reference)
    assert (fact.due_on, fact.corrected) == ("2026-11-25", False)
    assert application.applicant_initials == "S. A."


def test_the_same_key_has_one_effect(world):
    with as_citizen("citizen-a"):
        with with_key("key-1"):
            first = world.stub.SaveDraft(pb.SaveDraftRequest(kind="domisili", fields="{}"))
            again = world.stub.SaveDraft(pb.SaveDraftRequest(kind="domisili", fields="{}"))
            with refused("refused", "key_reused"):
                world.stub.SaveDraft(pb.SaveDraftRequest(kind="sku", fields="{}"))
        assert again == first
        assert world.stub.ListMine(pb.ListMineRequest()).total == 1
    complete = world.complete()
    with with_key("key-2"):
        once, twice = world.hand_in(complete), world.hand_in(complete)
    assert once == twice
    assert len(world.facts(facts.ApplicationSubmitted)) == 1


def test_a_draft_can_be_discarded_but_nothing_later(world):
    draft, submitted = world.draft(), world.submitted()
    with as_citizen("citizen-a"):
        world.stub.DiscardDraft(pb.DiscardDraftRequest(application_id=draft.application_id))
        with refused("not_found"):
            world.stub.Get(pb.GetRequest(application_id=draft.application_id))
        with refused("conflict", "not_now"):
            world.stub.DiscardDraft(pb.DiscardDraftRequest(application_id=submitted.application_id))


def test_nobody_keeps_more_drafts_than_anybody_needs(world):
    for _ in range(20):
        world.draft(fields={})
    with refused("refused", "too_many_drafts"):
        world.draft(fields={})
    world.draft("citizen-b", fields={})


def test_ones_own_list_is_paged_newest_first(world):
    drafts = [world.draft(fields={}).application_id for _ in range(5)]
    seen, token = [], ""
    with as_citizen("citizen-a"):
        while True:
            page = world.stub.ListMine(pb.ListMineRequest(page_size=2, page_token=token))
            assert page.total == 5
            seen += [each.application_id for each in page.applications]
            if not (token := page.next_page_token):
                break
    assert seen == drafts[::-1]


def test_an_unknown_kind_is_not_found(world):
    with as_citizen("citizen-a"), refused("not_found", "unknown_kind"):
        world.stub.SaveDraft(pb.SaveDraftRequest(kind="paspor", fields="{}"))
