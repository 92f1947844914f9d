from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from chassis import clock
from chassis.rpc import Failure
from chassis.testing import as_staff, serve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from malang.twuin.v1 import metering_pb2 as pb
from malang.twuin.v1 import metering_pb2_grpc
from twuin.metering import jobs, model, rpc
from twuin.metering.model import Register, Usual

from services.twuin.tests.waterworks import NOW

HEAD = "nomor_sambungan,periode,angka_meter,tanggal_baca\n"


@pytest.fixture
def calls(waterworks):
    with serve(rpc.served(waterworks.db)) as upstream, clock.frozen(NOW), as_staff(roles=["operator"], subject="op-1"):
        yield upstream.stub(metering_pb2_grpc.MeteringStub)


def _preview(calls, text: str | bytes):
    content = text if isinstance(text, bytes) else text.encode()
    return calls.PreviewReadings(pb.PreviewReadingsRequest(file_name="bacaan.csv", content=content))


def _line(one, value, period="2026-11", day="2026-11-20") -> str:
    return f"{one.number},{period},{value},{day}\n"


def _readings(works):
    with works.db.transaction(readonly=True) as session:
        return session.execute(sa.text("select count(*) from readings")).scalar_one()


def test_a_file_is_looked_at_then_imported_once(calls, waterworks):
    first, second = waterworks.connect(initial=100), waterworks.connect(initial=50)
    preview = _preview(calls, HEAD + _line(first, 117) + _line(second, 50))
    assert (preview.lines, preview.accepted, preview.error_count, preview.imported) == (2, 2, 0, False)
    assert [(each.connection_number, each.volume) for each in preview.sample] == [(first.number, 17), (second.number, 0)]
    assert [(each.line, each.code) for each in preview.warnings] == [(3, "zero")]
    assert _readings(waterworks) == 0
    again = pb.ImportReadingsRequest(preview_id=preview.preview_id)
    assert [calls.ImportReadings(again).imported for _ in range(2)] == [2, 2]
    assert _readings(waterworks) == 2
    assert calls.GetReadingsPreview(pb.GetReadingsPreviewRequest(preview_id=preview.preview_id)).imported
    assert calls.ListReadings(pb.ListReadingsRequest(connection_number=first.number)).readings[0].volume == 17


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffNomor Sambungan;Periode;Angka Meter;Tanggal Baca\r\n{n};11/2026;00117;20/11/2026\r\n",
        "tanggal_baca\tnomor_sambungan\tperiode\tstand\n2026-11-20\t{n}\t2026-11\t117\n",
        '"nomor_sambungan","periode","angka_meter","tanggal_baca","taksiran"\n"{n}","2026-11","117","20-11-2026","tidak"\n\n',
    ],
)
def test_files_come_in_the_forms_that_spreadsheets_write(calls, waterworks, text):
    one = waterworks.connect(initial=100)
    preview = _preview(calls, text.format(n=one.number))
    assert [each.volume for each in preview.sample] == [17]


def test_every_wrong_line_is_named_and_the_others_are_taken(calls, waterworks):
    good, low, twice, read, empty = (waterworks.connect(initial=100) for _ in range(5))
    bare = waterworks.connect(meter=False)
    waterworks.read(read, "2026-10", 120)
    lines = [
        _line(good, 117), _line(low, 90), _line(twice, 110), _line(twice, 111), _line(read, 130, "2026-10", "2026-10-30"),
        _line(read, 130, "2026-12"), "99887766,2026-11,5,2026-11-20\n", "=1+1,2026-11,5,2026-11-20\n", _line(empty, "1.234"),
        _line(empty, 130, "11"), _line(empty, 130, day="2026-02-30"), _line(empty, 130, day="2026-11-25"), "1,2,3\n",
        _line(empty, 100_000), _line(bare, 5),
    ]  # fmt: skip
    preview = _preview(calls, HEAD + "".join(lines))
    assert (preview.lines, preview.accepted, preview.error_count) == (15, 1, 14)
    assert [(each.line, each.code) for each in preview.errors] == [
        (3, "below_previous"), (4, "duplicate"), (5, "duplicate"), (6, "already_read"), (7, "period_future"), (8, "unknown_connection"),
        (9, "connection_number"), (10, "value"), (11, "period"), (12, "date"), (13, "date_range"), (14, "columns"), (15, "too_many_digits"),
        (16, "no_meter"),
    ]  # fmt: skip
    assert all(each.id and each.en and each.id != each.en for each in preview.errors)
    assert preview.errors[6].value == "'=1+1"  # no formula for whoever saves the list
    assert calls.ImportReadings(pb.ImportReadingsRequest(preview_id=preview.preview_id)).imported == 1


def test_nothing_is_imported_when_a_line_has_changed_since(calls, waterworks):
    first, second = waterworks.connect(initial=100), waterworks.connect(initial=100)
    preview = _preview(calls, HEAD + _line(first, 117) + _line(second, 118))
    waterworks.read(second, "2026-10", 105)
    with pytest.raises(Failure) as wrong:
        calls.ImportReadings(pb.ImportReadingsRequest(preview_id=preview.preview_id))
    assert (wrong.value.kind, wrong.value.code) == ("conflict", "preview_outdated")
    assert _readings(waterworks) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "heading"), (b"a,b,c\n1,2,3\n", "heading"), (HEAD.encode(), "empty"), (HEAD.encode() + b"\xff\xfe", "encoding"),
     (b"x" * (10 * 1024 * 1024 + 1), "too_large")],
)  # fmt: skip
def test_what_is_no_such_file_is_refused(calls, content, code):
    with pytest.raises(Failure) as wrong:
        _preview(calls, content)
    assert [(each.field, each.code) for each in wrong.value.fields] == [("content", code)]


def test_a_preview_is_its_makers_alone_and_is_forgotten(calls, waterworks):
    one = waterworks.connect(initial=100)
    preview = _preview(calls, HEAD + _line(one, 117))
    wanted = pb.GetReadingsPreviewRequest(preview_id=preview.preview_id)
    with as_staff(roles=["operator"], subject="op-2"), pytest.raises(Failure) as wrong:
        calls.GetReadingsPreview(wanted)
    assert wrong.value.kind == "not_found"
    with clock.frozen(NOW + dt.timedelta(hours=24)):
        assert jobs.forget(waterworks.db) == 1
    with pytest.raises(Failure):
        calls.GetReadingsPreview(wanted)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 100, 9_500, 9_950, 9_999]), st.integers(-30, 10_050), st.sampled_from([0, 20, 300]), st.integers(-40, 40),
        ),
        min_size=1, max_size=12,
    )
)  # fmt: skip
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sql_of_a_file_agrees_with_the_model(calls, waterworks, cases):
    expected, lines = [], []
    for base, value, each, carried in cases:
        one, value = waterworks.connect(initial=base, digits=4), abs(value)  # noqa: PLW2901 - only its size counts
        with waterworks.db.transaction() as session:
            session.execute(
                sa.text("update registers set carried = :c where connection_id = :i"), {"c": carried, "i": one.connection_id}
            )
            session.execute(
                sa.text(
                    "insert into readings select connection_id, '2026-0' || n, gen_random_uuid(), meter_id, 0, 0, :v, false, false,"
                    " false, '2026-01-01', '', now(), 0 from registers, generate_series(1, 6) n where connection_id = :i"
                ),
                {"v": each, "i": one.connection_id},
            )
        lines.append(_line(one, value))
        usual = Usual.of([each] * 6)
        try:
            counted = model.read(Register(digits=4, base=base, shown=base, carried=carried), value, usual)
        except model.BelowPrevious:
            expected.append("below_previous")
        except model.TooManyDigits:
            expected.append("too_many_digits")
        else:
            found = model.warnings_of(counted.volume, usual, rolled_over=counted.rolled_over)
            expected.append((counted.volume, counted.rolled_over, found.codes))
    preview = _preview(calls, HEAD + "".join(lines))
    errors = {error.line: error.code for error in preview.errors}
    sample = iter(preview.sample)
    got = []
    for place in range(len(cases)):
        code = errors.get(place + 2)
        reading = None if code else next(sample)
        got.append(code or (reading.volume, reading.rolled_over, list(reading.warnings)))
    assert got == expected
