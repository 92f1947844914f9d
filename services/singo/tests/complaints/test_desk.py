"""What the kelurahan's staff do with complaints, over gRPC."""

from __future__ import annotations

import datetime as dt

import pytest
from chassis import clock, rpc
from chassis.testing import as_citizen, as_guest, as_nobody, as_workload, with_key
from malang.gateway.v1.identity_events_pb2 import StaffEnded
from malang.singo.v1 import complaints_events_pb2 as facts
from malang.singo.v1 import complaints_pb2 as pb

SAWOJAJAR, ELSEWHERE = "35.73.03.1008", "35.73.03.1007"
MONDAY = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)
OFFICE = ("Assign", "Answer", "Resolve", "Refuse")


def request(name, complaint, **how):
    text = {
        "Answer": {"text": "Sedang kami periksa."},
        "Resolve": {"text": "Sudah selesai."},
        "Refuse": {"reason": "Bukan wewenang."},
    }
    kind = getattr(pb, f"{name}ComplaintRequest")
    return kind(complaint_id=complaint.complaint_id, **(text.get(name, {}) | how))


def failure(call, asked):
    with pytest.raises(rpc.Failure) as failed:
        call(asked)
    return failed.value


def queue(world, **how):
    return world.stub.Queue(pb.ComplaintQueueRequest(**how))


def test_a_complaint_goes_from_the_queue_to_its_resolution(world):
    with clock.frozen(MONDAY):
        filed = world.file()
        taken = world.assign(filed)
        assert (taken.state, taken.assigned_to, taken.working_days_left) == (pb.COMPLAINT_STATE_ASSIGNED, "officer-1", 2)
        with world.officer():
            answered = world.stub.Answer(request("Answer", filed))
        assert (answered.state, answered.working_days_left) == (pb.COMPLAINT_STATE_ANSWERED, 14)
        resolved = world.resolve(filed)
    assert (resolved.state, resolved.working_days_left) == (pb.COMPLAINT_STATE_RESOLVED, 0)
    assert [each.event for each in world.get(filed).steps] == ["filed", "assigned", "answered", "resolved"]
    kinds = (facts.ComplaintFiled, facts.ComplaintAssigned, facts.ComplaintAnswered, facts.ComplaintResolved)
    said = [world.facts(kind) for kind in kinds]
    assert [len(each) for each in said] == [1, 1, 1, 1]
    assert [each[0][2] for each in said] == [1, 2, 3, 4]
    assert {each[0][1] for each in said} == {filed.complaint_id}
    assert said[3][0][0].outcome == "answered"
    assert said[3][0][0].reopen_until == resolved.reopen_until


def test_the_queue_shows_no_word_of_a_reporter_and_what_is_due_first_comes_first(world):
    with clock.frozen(MONDAY):
        slow, fast = world.file(category="other"), world.file(category="tree")
        world.leak()
        world.file(kelurahan=ELSEWHERE)
        ended = world.file()
        world.resolve(ended)
    with world.officer():
        page = queue(world)
        assert [each.number for each in page.complaints] == [fast.number, slow.number]
        assert page.total == 2
        assert {(each.text, each.address, len(each.photos), len(each.steps)) for each in page.complaints} == {("", "", 0, 0)}
        assert len(queue(world, water=True).complaints) == 3
        assert [each.number for each in queue(world, category="other").complaints] == [slow.number]
        assert not queue(world, category="\0").complaints
        assert [each.number for each in queue(world, states=[pb.COMPLAINT_STATE_RESOLVED]).complaints] == [ended.number]
        assert [each.number for each in queue(world, number=fast.number.lower().replace("-", " ")).complaints] == [fast.number]
    with world.officer(areas=("*",)):
        assert queue(world).total == 3


def test_what_somebody_answered_waits_until_its_resolution_is_due(world):
    with clock.frozen(MONDAY):
        first, second = world.file(), world.file(category="other")
        with world.officer():
            world.stub.Answer(request("Answer", first))
            assert [each.number for each in queue(world).complaints] == [second.number, first.number]
            assert [each.number for each in queue(world, mine=True).complaints] == [first.number]


def test_the_queue_is_read_page_by_page(world):
    days = [MONDAY + dt.timedelta(days=back) for back in range(4)]
    filed = []
    for day in days:
        with clock.frozen(day):
            filed.append(world.file())
    ended = []
    for day, each in zip(days, (world.file() for _ in days), strict=True):
        with clock.frozen(day):
            world.resolve(each)
        ended.append(each.number)
    with world.officer():
        for states, expected in (((), [each.number for each in filed]), ((pb.COMPLAINT_STATE_RESOLVED,), ended[::-1])):
            seen, token = [], ""
            while True:
                page = queue(world, states=states, page_size=3, page_token=token)
                seen += [each.number for each in page.complaints]
                if not (token := page.next_page_token):
                    break
            assert seen == expected
            assert (
                failure(world.stub.Queue, pb.ComplaintQueueRequest(states=states, page_token="eHx4")).fields[0].field
                == "page_token"
            )


def test_reading_a_file_takes_a_purpose_and_the_reporter_can_read_who_did(world):
    filed = world.file(photos=[world.picture()], address="Depan Pasar")
    with world.officer():
        opened = world.stub.Open(pb.OpenComplaintRequest(complaint_id=filed.complaint_id, purpose="complaint"))
        shot = world.stub.OpenPhoto(
            pb.OpenPhotoRequest(complaint_id=filed.complaint_id, photo_id=filed.photos[0].photo_id, purpose="complaint")
        )
        for purpose in ("", "Because I want to", "x" * 60):
            failed = failure(world.stub.Open, pb.OpenComplaintRequest(complaint_id=filed.complaint_id, purpose=purpose))
            assert [each.field for each in failed.fields] == ["purpose"]
    assert (opened.text, opened.address) == (filed.text, "Depan Pasar")
    assert shot.content.startswith(b"\xff\xd8\xff")
    said = [fact for fact, _, _ in world.facts(facts.ComplainantViewed)]
    assert [(each.citizen_id, each.viewer_id, each.viewer_role, each.office, each.purpose) for each in said] == [
        ("citizen-a", "officer-1", "officer", SAWOJAJAR, "complaint")
    ] * 2
    assert [(each.subject_kind, each.subject_id) for each in said] == [
        ("complaint", filed.complaint_id), ("photo", filed.photos[0].photo_id),
    ]  # fmt: skip


def test_of_another_kelurahan_there_is_nothing_to_read_or_do(world):
    filed = world.file(photos=[world.picture()])
    with world.officer(areas=(ELSEWHERE,)):
        assert (
            failure(world.stub.Open, pb.OpenComplaintRequest(complaint_id=filed.complaint_id, purpose="complaint")).kind
            == "not_found"
        )
        shot = pb.OpenPhotoRequest(complaint_id=filed.complaint_id, photo_id=filed.photos[0].photo_id, purpose="complaint")
        assert failure(world.stub.OpenPhoto, shot).kind == "not_found"
        for name in OFFICE:
            assert failure(getattr(world.stub, name), request(name, filed)).kind == "not_found"
        assert not queue(world, number=filed.number).complaints
    assert world.facts(facts.ComplainantViewed) == []


def test_only_staff_of_the_office_sit_at_the_desk(world):
    filed = world.file()
    calls = {name: request(name, filed) for name in OFFICE}
    calls |= {
        "Queue": pb.ComplaintQueueRequest(),
        "Open": pb.OpenComplaintRequest(complaint_id=filed.complaint_id, purpose="complaint"),
        "OpenPhoto": pb.OpenPhotoRequest(complaint_id=filed.complaint_id, photo_id="x", purpose="complaint"),
    }
    others = (
        (as_citizen("citizen-a"), "denied"), (as_guest("citizen-a"), "denied"), (as_workload("twuin"), "denied"),
        (world.officer(roles=("crew", "operator", "admin")), "denied"), (as_nobody(), "unauthenticated"),
    )  # fmt: skip
    for who, kind in others:
        with who:
            for name, asked in calls.items():
                assert failure(getattr(world.stub, name), asked).kind == kind, name


def test_what_somebody_else_has_is_theirs_and_the_lurah_can_hand_it_on(world):
    filed = world.file()
    world.assign(filed)
    with world.officer("officer-2"):
        for name in OFFICE:
            assert failure(getattr(world.stub, name), request(name, filed)).code == "somebody_else_has_it"
    with world.officer("lurah-1", roles=("lurah",)):
        assert failure(world.stub.Resolve, request("Resolve", filed)).code == "somebody_else_has_it"
        assert world.stub.Assign(request("Assign", filed, staff_id="officer-2")).assigned_to == "officer-2"
    world.resolve(filed, subject="officer-2")


def test_taking_again_changes_nothing_and_a_repeated_call_gets_the_first_answer(world):
    filed = world.file()
    world.assign(filed)
    assert world.assign(filed).version == 2
    assert len(world.facts(facts.ComplaintAssigned)) == 1
    with with_key("k1"):
        assert world.resolve(filed) == world.resolve(filed)
    assert len(world.facts(facts.ComplaintResolved)) == 1


def test_a_refusal_says_why_and_ends_it(world):
    filed = world.file()
    with world.officer():
        refused = world.stub.Refuse(request("Refuse", filed, reason="Jalan ini milik provinsi."))
        assert failure(world.stub.Resolve, request("Resolve", filed)).kind == "conflict"
    assert refused.state == pb.COMPLAINT_STATE_REFUSED
    assert world.get(filed).steps[-1].note == "Jalan ini milik provinsi."
    ((fact, _, _),) = world.facts(facts.ComplaintRefused)
    assert list(fact.citizen_ids) == ["citizen-a"]


@pytest.mark.parametrize(("name", "field"), [("Answer", "text"), ("Resolve", "text"), ("Refuse", "reason")])
@pytest.mark.parametrize("text", ["", "  ", "x" * 1001, "Baik\x00"])
def test_what_the_office_says_is_a_sentence(world, name, field, text):
    filed = world.file()
    with world.officer():
        failed = failure(getattr(world.stub, name), request(name, filed, **{field: text}))
    assert [each.field for each in failed.fields] == [field]
    assert world.get(filed).version == 1


def test_a_complaint_of_water_can_be_read_and_not_worked_on(world):
    leak = world.leak()
    with world.officer():
        assert world.stub.Open(pb.OpenComplaintRequest(complaint_id=leak.complaint_id, purpose="complaint")).water
        for name in OFFICE:
            failed = failure(getattr(world.stub, name), request(name, leak))
            assert (failed.kind, failed.code) == ("refused", "water_utility_has_it")
            assert "Air Minum" in failed.id
            assert "water utility" in failed.en


def test_work_of_somebody_who_left_goes_back_to_its_queue(world):
    taken, answered, kept, ended = (world.file() for _ in range(4))
    again = world.file()
    world.resolve(again, subject="leaver")
    world.reopen(again)
    for each in (taken, again):
        world.assign(each, subject="leaver")
    with world.officer("leaver"):
        world.stub.Answer(request("Answer", answered))
    world.resolve(ended, subject="leaver")
    world.assign(kept, subject="stayer")
    for sequence in (1, 1):
        world.hear(StaffEnded(staff_id="leaver"), sequence)
    with world.officer():
        found = {each.number: (each.state, each.assigned_to) for each in queue(world, page_size=100).complaints}
    assert found == {
        taken.number: (pb.COMPLAINT_STATE_FILED, ""),
        again.number: (pb.COMPLAINT_STATE_REOPENED, ""),
        answered.number: (pb.COMPLAINT_STATE_ANSWERED, ""),
        kept.number: (pb.COMPLAINT_STATE_ASSIGNED, "stayer"),
    }
    assert world.get(ended).state == pb.COMPLAINT_STATE_RESOLVED
