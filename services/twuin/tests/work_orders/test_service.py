from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
import sqlalchemy as sa
from chassis.errors import InvalidFields
from malang.twuin.v1 import work_orders_events_pb2 as facts
from twuin import work_orders
from twuin.work_orders import Kind, State, crews


def test_an_order_goes_to_the_crew_of_its_zone_and_says_so(crewed, make):
    order = make()
    assert (order.state, order.crew, order.number) == (State.ASSIGNED, "Regu Timur", "WO-26-000001")
    [created], [assigned] = crewed.facts(facts.WorkOrderCreated), crewed.facts(facts.WorkOrderAssigned)
    assert (created.kind, created.zone, created.visit) == ("leak", "Z06", 1)
    assert assigned.crew == "Regu Timur"
    assert make(zone="Z08").crew == "Regu Barat"
    assert make(zone="Z11", kind=Kind.SURVEY).crew == "Regu Utara"


def test_without_a_crew_it_waits(waterworks, make):
    order = make()
    assert (order.state, order.crew) == (State.WAITING, "")
    assert waterworks.facts(facts.WorkOrderAssigned) == []


def test_the_crew_with_the_fewest_open_orders_gets_the_next(crewed, make):
    with crewed.db.transaction() as session:
        more = replace(work_orders.read_crews("")[1], name="Regu Timur Dua", skills=(Kind.LEAK,))
        work_orders.load_crews(session, [*work_orders.read_crews(""), more])
    assert [make().crew for _ in range(4)] == ["Regu Timur", "Regu Timur Dua"] * 2
    assert make(kind=Kind.SURVEY).crew == "Regu Timur"


def test_an_order_is_made_once_for_a_visit(crewed, make):
    subject = uuid.uuid4()
    first = make(subject_id=subject)
    assert make(subject_id=subject) == first
    second = make(subject_id=subject, visit=2)
    assert second.number != first.number
    with crewed.db.transaction() as session:
        assert [each.visit for each in work_orders.by_subject(session, subject)] == [1, 2]


def test_a_place_is_sealed(crewed, make):
    order = make(kind=Kind.SURVEY, place="Jl. Danau Toba No. 7", citizen_id="A")
    with crewed.db.transaction() as session:
        sealed = session.scalar(
            sa.text("select place from work_orders where work_order_id = :id").bindparams(id=order.work_order_id)
        )
    assert b"Danau" not in bytes(sealed)


def test_what_is_not_needed_any_more_is_cancelled_once(crewed, make):
    order = make()
    with crewed.db.transaction() as session:
        assert work_orders.cancel(session, order.work_order_id)
        assert not work_orders.cancel(session, order.work_order_id)
        assert work_orders.get(session, order.work_order_id).state is State.CANCELLED
    assert len(crewed.facts(facts.WorkOrderCancelled)) == 1


def test_a_file_of_crews_says_what_is_wrong_with_it(tmp_path):
    def refused(text):
        path = tmp_path / "crews.toml"
        path.write_text(text)
        with pytest.raises(work_orders.CrewFileWrong) as wrong:
            work_orders.read_crews(str(path))
        return str(wrong.value)

    one = '[[crews]]\nname = "A"\nzones = ["Z01"]\nskills = ["leak"]\n'
    assert "Z99" in refused(one.replace("Z01", "Z99"))
    assert "skills" in refused(one.replace("leak", "dance"))
    assert "twice" in refused(one + one)
    assert "crews" in refused("")


def test_crews_that_left_the_list_are_gone_and_the_same_list_changes_nothing(crewed):
    with crewed.db.transaction() as session:
        known = work_orders.read_crews("")
        assert work_orders.load_crews(session, known) == 0
        assert work_orders.load_crews(session, known[:2]) == 1
        assert [crew.name for crew in crews.listed(session)] == ["Regu Timur", "Regu Utara"]


def test_only_an_able_crew_can_be_chosen(crewed):
    with crewed.db.transaction() as session:
        work_orders.load_crews(session, [replace(work_orders.read_crews("")[0], skills=(Kind.LEAK,))])
        assert crews.able(session, "Regu Utara", Kind.LEAK) == "Regu Utara"
        for name, code in (("Regu Utara", "skill"), ("Regu Lain", "enum")):
            with pytest.raises(InvalidFields) as wrong:
                crews.able(session, name, Kind.SURVEY)
            assert wrong.value.fields[0].code == code
