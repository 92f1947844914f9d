from __future__ import annotations

import datetime as dt
import uuid

import pytest
from chassis import clock
from chassis.rpc import Failure
from chassis.testing import as_citizen, as_staff, serve, with_key
from malang.twuin.v1 import metering_pb2 as pb
from malang.twuin.v1 import metering_pb2_grpc
from twuin import metering
from twuin.metering import rpc

from services.twuin.tests.waterworks import NOW


@pytest.fixture
def calls(waterworks):
    with serve(rpc.served(waterworks.db)) as upstream, clock.frozen(NOW), as_staff(roles=["water_cs"], subject="cs-1"):
        yield upstream.stub(metering_pb2_grpc.MeteringStub)


def _enter(one, value, period="2026-11", **more):
    return pb.EnterReadingRequest(
        **{"connection_number": one.number, "period": period, "value": value, "read_on": "2026-11-20", **more}
    )


def _refusal(call, request) -> Failure:
    with pytest.raises(Failure) as wrong:
        call(request)
    return wrong.value


def _history(works, one, start=100, months=6, each=20):
    for place in range(months):
        period = f"2026-{10 - months + place + 1:02}"
        works.read(one, period, start + each * (place + 1))
    return start + each * months


def test_a_reading_gives_a_volume_and_once_only(calls, waterworks):
    one = waterworks.connect(initial=100)
    first = calls.EnterReading(_enter(one, 117))
    assert (first.previous, first.volume, first.meter_serial) == (100, 17, waterworks.serial(one))
    assert calls.EnterReading(_enter(one, 117)) == first  # the same again changes nothing
    assert _refusal(calls.EnterReading, _enter(one, 118)).code == "reading_exists"
    with waterworks.db.transaction() as session:
        [row] = session.execute(metering.volumes("2026-11")).all()
    assert (row.connection_id, row.previous_value, row.current_value, row.volume) == (one.connection_id, 100, 117, 17)


def test_an_idempotency_key_keeps_the_answer(calls, waterworks):
    one = waterworks.connect(initial=100)
    with with_key("k-1"):
        first = calls.EnterReading(_enter(one, 117))
        assert calls.EnterReading(_enter(one, 117)) == first
        assert _refusal(calls.EnterReading, _enter(one, 119)).code == "key_reused"


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"value": 90}, "value", "below_previous"), ({"value": 100_000}, "value", "too_many_digits"), ({"value": -1}, "value", "too_many_digits"),
        ({"period": "2026-12"}, "period", "period_future"), ({"period": "2026-1"}, "period", "period"),
        ({"read_on": "20/11/2026"}, "read_on", "date"), ({"read_on": "2026-11-25"}, "read_on", "date_range"),
        ({"read_on": "2026-10-31"}, "read_on", "date_range"),
    ],
)  # fmt: skip
def test_a_reading_that_cannot_be_names_its_field_and_changes_nothing(calls, waterworks, change, field, code):
    one = waterworks.connect(initial=100)
    wrong = _refusal(calls.EnterReading, _enter(one, **{"value": 120, **change}))
    assert [(each.field, each.code) for each in wrong.fields] == [(field, code)]
    assert wrong.fields[0].id != wrong.fields[0].en
    assert calls.EnterReading(_enter(one, 110)).volume == 10


@pytest.mark.parametrize(("value", "codes"), [(220 + 60, ["unusually_high"]), (220, ["zero"])])
def test_an_unusual_reading_must_be_confirmed(calls, waterworks, value, codes):
    one = waterworks.connect(initial=100)
    assert _history(waterworks, one) == 220
    wrong = _refusal(calls.EnterReading, _enter(one, value))
    assert (wrong.code, [each.code for each in wrong.fields]) == ("reading_needs_confirmation", codes)
    assert list(calls.EnterReading(_enter(one, value, confirm=True)).warnings) == codes


def test_a_register_that_turned_over_is_confirmed_and_counted(calls, waterworks):
    one = waterworks.connect(initial=99_990)
    assert [each.code for each in _refusal(calls.EnterReading, _enter(one, 12)).fields] == ["rolled_over"]
    taken = calls.EnterReading(_enter(one, 12, confirm=True))
    assert (taken.volume, taken.rolled_over) == (22, True)


def test_periods_come_in_order(calls, waterworks):
    one = waterworks.connect(initial=100)
    calls.EnterReading(_enter(one, 120))
    wrong = _refusal(calls.EnterReading, _enter(one, 130, period="2026-10", read_on="2026-10-20"))
    assert wrong.code == "period_passed"


def test_a_meter_that_cannot_be_read_is_estimated_and_put_right_later(calls, waterworks):
    one = waterworks.connect(initial=100)
    assert _history(waterworks, one, months=5) == 200  # until 2026-10
    estimated = calls.EnterReading(_enter(one, 0, estimated=True))
    assert (estimated.volume, estimated.value, estimated.estimated) == (20, 220, True)
    with clock.frozen(NOW + dt.timedelta(days=30)):
        real = calls.EnterReading(_enter(one, 235, period="2026-12", read_on="2026-12-20"))
    assert (real.previous, real.volume, real.estimated) == (220, 15, False)


def test_a_meter_changed_within_a_period_adds_both_parts(calls, waterworks):
    one = waterworks.connect(initial=100)
    change = {"connection_number": one.number, "final_value": 112, "new_serial": "NEW-0001", "initial_value": 2, "digits": 6,
              "replaced_on": "2026-11-10"}  # fmt: skip
    assert _refusal(calls.ReplaceMeter, pb.ReplaceMeterRequest(**{**change, "final_value": 90})).fields[0].field == "final_value"
    assert _refusal(calls.ReplaceMeter, pb.ReplaceMeterRequest(**{**change, "digits": 12})).fields[0].field == "digits"
    assert (
        _refusal(calls.ReplaceMeter, pb.ReplaceMeterRequest(**{**change, "replaced_on": "2026-12-01"})).fields[0].field
        == "replaced_on"
    )
    taken_serial = waterworks.serial(waterworks.connect())
    assert _refusal(calls.ReplaceMeter, pb.ReplaceMeterRequest(**{**change, "new_serial": taken_serial})).code == "serial_taken"
    calls.ReplaceMeter(pb.ReplaceMeterRequest(**change))
    taken = calls.EnterReading(_enter(one, 9))
    assert (taken.volume, taken.replaced, taken.meter_serial) == (12 + 7, True, "NEW-0001")


def test_usage_is_the_owners_alone_and_oldest_first(calls, waterworks):
    one = waterworks.connect(initial=100, citizens=("A",))
    _history(waterworks, one)
    with as_citizen("A"):
        months = calls.Usage(pb.UsageRequest(connection_id=str(one.connection_id), months=3)).months
        assert [(each.period, each.volume) for each in months] == [("2026-08", 20), ("2026-09", 20), ("2026-10", 20)]
        assert _refusal(calls.Usage, pb.UsageRequest(connection_id=str(one.connection_id), months=61)).fields[0].field == "months"
        assert _refusal(calls.EnterReading, _enter(one, 300)).kind == "denied"
    with as_citizen("B"):
        for wanted in (str(one.connection_id), str(uuid.uuid4()), "x"):
            assert _refusal(calls.Usage, pb.UsageRequest(connection_id=wanted)).kind == "not_found"


def test_staff_of_another_area_find_no_connection(calls, waterworks):
    one = waterworks.connect(initial=100)
    with as_staff(roles=["water_cs"], areas=["35.73.01.1001"]):
        assert _refusal(calls.EnterReading, _enter(one, 120)).kind == "not_found"
        assert _refusal(calls.ListReadings, pb.ListReadingsRequest(connection_number=one.number)).kind == "not_found"
    waterworks.read(one, "2026-10", 110)
    assert [each.value for each in calls.ListReadings(pb.ListReadingsRequest(connection_number=one.number)).readings] == [110]
