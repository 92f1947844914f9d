"""What reporters, citizens and guests, do with their complaints, over gRPC."""

from __future__ import annotations

import datetime as dt

import pytest
from chassis import clock, rpc
from chassis.testing import as_citizen, as_guest, as_nobody, as_staff, as_workload, with_key
from malang.singo.v1 import complaints_events_pb2 as facts
from malang.singo.v1 import complaints_pb2 as pb

SAWOJAJAR = "35.73.03.1008"
MONDAY = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)


def failure(call, request):
    with pytest.raises(rpc.Failure) as failed:
        call(request)
    return failed.value


def test_every_method_has_a_rule(world):
    assert rpc.unruled([world.served]) == []


def test_what_can_be_reported_is_told_to_anyone_in_both_languages(world):
    with as_nobody():
        found = world.stub.ListCategories(pb.ListCategoriesRequest()).categories
    assert [each.code for each in found if each.water] == ["water_leak", "water_supply"]
    assert all(each.name.id and each.name.en and each.hint.id != each.hint.en for each in found)
    assert all(0 < each.respond_days <= each.resolve_days for each in found)


def test_a_filed_complaint_has_a_number_two_days_and_a_first_step(world):
    with clock.frozen(MONDAY):
        filed = world.file(address="Depan Pasar Sawojajar")
    assert filed.number.startswith("ADU-")
    assert filed.state == pb.COMPLAINT_STATE_FILED
    assert (filed.respond_by, filed.resolve_by, filed.working_days_left) == ("2026-11-25", "2026-12-11", 2)
    assert (filed.category, filed.category_name.id, filed.kelurahan) == ("road", "Jalan atau trotoar rusak", SAWOJAJAR)
    assert (filed.position.latitude, filed.position.longitude) == (-7.973457, 112.658765)
    assert [(each.event, each.actor) for each in filed.steps] == [("filed", "citizen")]
    with clock.frozen(MONDAY):
        assert world.get(filed) == filed


def test_the_fact_of_filing_tells_the_place_and_nothing_that_was_written(world):
    filed = world.file(address="Jl. Danau Toba No. 5", photos=[world.picture()])
    ((fact, key, sequence),) = world.facts(facts.ComplaintFiled)
    assert (fact.complaint_id, fact.citizen_id, fact.number) == (filed.complaint_id, "citizen-a", filed.number)
    assert (fact.latitude, fact.longitude, fact.kelurahan) == (-7.973457, 112.658765, SAWOJAJAR)
    assert list(fact.photo_ids) == [each.photo_id for each in filed.photos]
    assert (key, sequence) == (filed.complaint_id, 1)
    said = fact.SerializeToString()
    assert b"Aspal" not in said
    assert b"Danau" not in said


def test_every_wrong_field_is_named_at_once_and_nothing_is_kept(world):
    request = pb.FileComplaintRequest(
        category="dragons", text="pendek", position={"latitude": -6.2, "longitude": 106.8}, address="x", kelurahan="1",
        photos=[pb.PhotoUpload(content=b""), pb.PhotoUpload(content=world.picture()), pb.PhotoUpload(content=b"<svg/>")],
    )  # fmt: skip
    with as_citizen("citizen-a"):
        failed = failure(world.stub.File, request)
        assert world.stub.ListMine(pb.ListMyComplaintsRequest()).total == 0
    assert failed.kind == "invalid"
    assert [(each.field, each.code) for each in failed.fields] == [
        ("category", "enum"), ("text", "too_short"), ("address", "too_short"), ("position", "outside"), ("kelurahan", "enum"),
        ("photos.0", "empty"), ("photos.2", "type"),
    ]  # fmt: skip
    assert all(each.id != each.en for each in failed.fields)
    assert list(world.means.files.under("complaints")) == []


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"text": ""}, ("text", "required")),
        ({"text": " " * 40}, ("text", "required")),
        ({"text": "x" * 2001}, ("text", "too_long")),
        ({"text": "Lubang di jalan\x00\x07"}, ("text", "not_text")),
        ({"text": "Lubang \u202e di jalan besar"}, ("text", "not_text")),
        ({"position": None}, ("position", "required")),
        ({"position": {"latitude": float("nan"), "longitude": 112.6}}, ("position", "outside")),
        ({"position": {"latitude": 0, "longitude": 0}}, ("position", "outside")),
        ({"position": None, "address": "x" * 301}, ("address", "too_long")),
        ({"photos": [b"x"] * 4}, ("photos", "too_many")),
    ],
)
def test_a_rule_that_is_broken_is_named(world, how, error):
    with pytest.raises(rpc.Failure) as failed:
        world.file(**how)
    assert [(each.field, each.code) for each in failed.value.fields] == [error]


def test_a_place_is_told_by_the_map_or_in_words_and_not_at_all_where_none_is_needed(world):
    assert not world.file(position=None, address="Depan Balai RW 05").HasField("position")
    assert world.file(position=None, category="service").state == pb.COMPLAINT_STATE_FILED


def test_the_same_key_files_once(world):
    with with_key("k1"):
        first, again = world.file(photos=[world.picture()]), world.file(photos=[world.picture()])
        with pytest.raises(rpc.Failure) as failed:
            world.file(text="Sebuah laporan yang sama sekali lain.")
    assert first == again
    assert failed.value.code == "key_reused"
    assert len(world.facts(facts.ComplaintFiled)) == 1


def requests(complaint, photo_id=""):
    own = {"complaint_id": complaint.complaint_id}
    return {
        "Get": pb.GetComplaintRequest(**own),
        "GetPhoto": pb.GetPhotoRequest(**own, photo_id=photo_id),
        "Withdraw": pb.WithdrawComplaintRequest(**own),
        "Reopen": pb.ReopenComplaintRequest(**own, reason="Masih rusak."),
        "Rate": pb.RateComplaintRequest(**own, rating=5),
    }


@pytest.mark.parametrize("somebody", [as_citizen("citizen-b"), as_guest("citizen-b")])
def test_somebody_else_s_complaint_does_not_exist(world, somebody):
    filed = world.file(photos=[world.picture()])
    world.resolve(filed)
    with somebody:
        for name, request in requests(filed, filed.photos[0].photo_id).items():
            assert failure(getattr(world.stub, name), request).kind == "not_found", name
        assert not world.stub.ListMine(pb.ListMyComplaintsRequest()).complaints


def test_only_reporters_call_what_is_of_reporters(world):
    filed = world.file()
    calls = {**requests(filed), "File": pb.FileComplaintRequest(), "ListMine": pb.ListMyComplaintsRequest()}
    for who, kind in ((as_staff(roles=["officer"]), "denied"), (as_workload("twuin"), "denied"), (as_nobody(), "unauthenticated")):
        with who:
            for name, request in calls.items():
                assert failure(getattr(world.stub, name), request).kind == kind, name


@pytest.mark.parametrize("name", ["", "x", "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "'; drop table complaint"])
def test_what_is_no_complaint_is_not_found(world, name):
    with as_citizen("citizen-a"):
        failed = failure(world.stub.Get, pb.GetComplaintRequest(complaint_id=name))
    assert failed.kind == "not_found"
    assert failed.id != failed.en


def test_a_guest_files_finds_withdraws_and_rates_but_never_follows(world):
    first = world.file("guest-1", acting=as_guest)
    second = world.file("guest-1", acting=as_guest)
    assert first.guest
    assert first.steps[0].actor == "guest"
    world.resolve(second)
    with as_guest("guest-1"):
        assert {each.number for each in world.stub.ListMine(pb.ListMyComplaintsRequest()).complaints} == {
            first.number,
            second.number,
        }
        withdrawn = world.stub.Withdraw(pb.WithdrawComplaintRequest(complaint_id=first.complaint_id, reason="Sudah saya perbaiki."))
        assert withdrawn.state == pb.COMPLAINT_STATE_WITHDRAWN
        assert world.stub.Rate(pb.RateComplaintRequest(complaint_id=second.complaint_id, rating=4)).rating == 4
        assert failure(world.stub.Follow, pb.FollowRequest(number=second.number)).kind == "denied"


def test_the_reporter_reads_answers_and_never_who_gave_them(world):
    filed = world.file()
    world.assign(filed)
    with world.officer():
        world.stub.Answer(pb.AnswerComplaintRequest(complaint_id=filed.complaint_id, text="Akan ditambal hari Kamis."))
    seen = world.get(filed)
    assert seen.assigned_to == ""
    assert [(each.event, each.note) for each in seen.steps] == [
        ("filed", ""), ("assigned", ""), ("answered", "Akan ditambal hari Kamis."),
    ]  # fmt: skip


def test_a_withdrawn_complaint_stays_so(world):
    filed = world.file()
    with as_citizen("citizen-a"):
        gone = world.stub.Withdraw(pb.WithdrawComplaintRequest(complaint_id=filed.complaint_id, reason="Salah tempat."))
        again = failure(world.stub.Withdraw, pb.WithdrawComplaintRequest(complaint_id=filed.complaint_id))
    assert (gone.steps[-1].event, gone.steps[-1].note, gone.working_days_left) == ("withdrawn", "Salah tempat.", 0)
    assert again.kind == "conflict"
    ((fact, _, sequence),) = world.facts(facts.ComplaintWithdrawn)
    assert (list(fact.citizen_ids), fact.water, sequence) == (["citizen-a"], False, 2)


def test_a_resolved_complaint_is_reopened_within_its_window_with_new_clocks(world):
    with clock.frozen(MONDAY):
        filed = world.file()
        resolved = world.resolve(filed)
    assert resolved.reopen_until.ToDatetime(dt.UTC) == MONDAY + dt.timedelta(days=14)
    later = MONDAY + dt.timedelta(days=14)
    with clock.frozen(later):
        again = world.reopen(filed)
    assert (again.state, again.visits, again.steps[-1].event) == (pb.COMPLAINT_STATE_REOPENED, 2, "reopened")
    assert again.respond_by == "2026-12-09"
    assert not again.HasField("resolved_at")
    ((fact, _, _),) = world.facts(facts.ComplaintReopened)
    assert (fact.visit, fact.resolve_by, fact.water) == (2, again.resolve_by, False)
    with clock.frozen(later):
        world.resolve(filed)
    with clock.frozen(later + dt.timedelta(days=14, seconds=1)), pytest.raises(rpc.Failure) as failed:
        world.reopen(filed)
    assert (failed.value.kind, failed.value.code) == ("refused", "reopen_window_over")


def test_only_what_was_resolved_is_reopened_and_with_a_reason(world):
    filed = world.file()
    with pytest.raises(rpc.Failure) as failed:
        world.reopen(filed)
    assert failed.value.kind == "conflict"
    world.resolve(filed)
    with pytest.raises(rpc.Failure) as failed:
        world.reopen(filed, reason="")
    assert [each.field for each in failed.value.fields] == ["reason"]


def rate(world, complaint, rating, text=""):
    with as_citizen("citizen-a"):
        return world.stub.Rate(pb.RateComplaintRequest(complaint_id=complaint.complaint_id, rating=rating, text=text))


def test_a_resolved_complaint_is_rated_once_a_visit(world):
    filed = world.file()
    with pytest.raises(rpc.Failure) as failed:
        rate(world, filed, 5)
    assert failed.value.kind == "conflict"
    world.resolve(filed)
    rated = rate(world, filed, 4, " Cepat sekali, terima kasih. ")
    assert (rated.rating, rated.rating_text, rated.state) == (4, "Cepat sekali, terima kasih.", pb.COMPLAINT_STATE_RESOLVED)
    with pytest.raises(rpc.Failure) as failed:
        rate(world, filed, 1)
    assert failed.value.code == "rated_already"
    world.reopen(filed)
    world.resolve(filed)
    assert (world.get(filed).rating, world.get(filed).rating_text) == (0, "")
    rate(world, filed, 2)
    assert [fact.rating for fact, _, _ in world.facts(facts.ComplaintRated)] == [4, 2]


@pytest.mark.parametrize(
    ("rating", "text", "field"), [(0, "", "rating"), (6, "", "rating"), (-1, "", "rating"), (5, "x" * 501, "text")]
)
def test_a_rating_is_one_to_five_and_a_short_sentence(world, rating, text, field):
    filed = world.file()
    world.resolve(filed)
    with pytest.raises(rpc.Failure) as failed:
        rate(world, filed, rating, text)
    assert [each.field for each in failed.value.fields] == [field]
    assert world.get(filed).rating == 0


def test_one_s_own_are_listed_newest_first_page_by_page(world):
    filed = []
    for hour in range(5):
        with clock.frozen(MONDAY + dt.timedelta(hours=hour)):
            filed.append(world.file())
    world.file("citizen-b")
    seen, token = [], ""
    with as_citizen("citizen-a"):
        while True:
            page = world.stub.ListMine(pb.ListMyComplaintsRequest(page_size=2, page_token=token))
            assert page.total == 5
            seen += page.complaints
            if not (token := page.next_page_token):
                break
        for wrong in ("?", "MjAyNg", "eHx4"):
            assert failure(world.stub.ListMine, pb.ListMyComplaintsRequest(page_token=wrong)).fields[0].field == "page_token"
    assert [each.number for each in seen] == [each.number for each in reversed(filed)]
    assert seen[0].text.startswith("Aspal")
    assert not seen[0].steps


def test_what_a_reporter_wrote_lies_sealed_in_the_database(world):
    filed = world.file(address="Jl. Danau Toba No. 5")
    world.resolve(filed, text="Ditambal oleh Pak Rahasia.")
    rate(world, filed, 5, "Terima kasih Bu Rahmi.")
    with world.db.engine.connect() as connection:
        for table in ("complaint", "complaint_step"):
            rows = connection.exec_driver_sql(f"select t::text, * from {table} t").all()
            for secret in ("Aspal", "Danau", "Rahasia", "Rahmi"):
                assert not any(secret.encode() in bytes(cell) for row in rows for cell in row if isinstance(cell, bytes))
                assert not any(secret in str(row[0]) for row in rows)
