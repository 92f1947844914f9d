from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from chassis.consumer import Subscription
from malang.singo.v1.complaints_events_pb2 import ComplaintFiled
from malang.twuin.v1 import leaks_events_pb2 as facts
from malang.twuin.v1 import work_orders_events_pb2 as orders
from twuin import app
from twuin.leaks.model import State
from twuin.leaks.service import NoZone, ReportUnknown
from twuin.work_orders import State as WorkState

from services.twuin.tests.leaks.conftest import CREW, HERE
from services.twuin.tests.waterworks import SAWOJAJAR

METRE = 1 / 111_195  # degrees of latitude
MADYOPURO = "35.73.03.1009"  # in the zone beside Sawojajar's


def test_a_report_opens_a_leak_with_a_work_order_for_the_crew_of_its_zone(city):
    complaint = city.report(photos=("p-1",))
    [leak], [order] = city.leaks(), city.orders()
    assert (leak.state, leak.zone, leak.number, leak.visits) == (State.OPEN, "Z06", "KBC-26-000001", 1)
    assert (leak.work_order_id, leak.crew) == (order.work_order_id, "Regu Timur")
    assert (order.state, order.subject_id, str(order.due_on)) == (WorkState.ASSIGNED, leak.leak_id, "2026-11-30")
    [opened], [scheduled] = city.said(facts.LeakOpened), city.said(facts.LeakProgressed)
    assert (opened.complaint_id, opened.zone, opened.number) == (complaint, "Z06", leak.number)
    assert (list(scheduled.complaint_ids), scheduled.step, scheduled.work_order_number) == ([complaint], "scheduled", order.number)


def test_a_complaint_about_something_else_opens_nothing(city):
    city.say(city.filed(water=False))
    assert city.leaks() == []


def test_the_same_fact_again_opens_nothing_more(city):
    city.say(city.filed(), times=3)
    assert len(city.leaks()) == len(city.orders()) == len(city.said(facts.LeakOpened)) == 1


def test_a_report_near_by_joins_and_one_further_away_does_not(city):
    first = city.report()
    second = city.report((HERE[0] + 55 * METRE, HERE[1]))
    third = city.report((HERE[0] + 130 * METRE, HERE[1]))
    assert len(city.leaks()) == 2
    [joined] = city.said(facts.LeakJoined)
    assert (joined.complaint_id, joined.work_order_number) == (second, city.orders()[0].number)
    assert [fact.complaint_id for fact in city.said(facts.LeakOpened)] == [first, third]


def test_a_report_from_beyond_the_border_of_a_zone_joins_by_distance_too(city):
    city.report()
    beyond = city.report((HERE[0] + 55 * METRE, HERE[1]), kelurahan=MADYOPURO)
    further = city.report((HERE[0] + 130 * METRE, HERE[1]), kelurahan=MADYOPURO)
    assert [leak.zone for leak in city.leaks()] == ["Z06", "Z07"]
    assert [fact.complaint_id for fact in city.said(facts.LeakJoined)] == [beyond]
    assert city.said(facts.LeakOpened)[-1].complaint_id == further


def test_reports_from_both_sides_of_a_border_at_once_make_one_leak(city):
    filed = [city.filed((HERE[0] + each * METRE, HERE[1]), kelurahan=(SAWOJAJAR, MADYOPURO)[each % 2]) for each in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(city.say, filed))
    assert (len(city.leaks()), len(city.said(facts.LeakJoined))) == (1, 5)


def test_of_two_open_leaks_the_nearer_one_is_joined(city):
    city.report()
    city.report((HERE[0] + 100 * METRE, HERE[1]))
    city.report((HERE[0] + 55 * METRE, HERE[1]))
    [joined] = city.said(facts.LeakJoined)
    assert joined.number == city.leaks()[1].number


def test_without_a_position_a_leak_stands_for_itself(city):
    city.report(None)
    city.report(None)
    city.report((-6.2, 106.8))  # another city's position is none
    assert [leak.latitude for leak in city.leaks()] == [None] * 3
    assert city.said(facts.LeakJoined) == []


def test_three_reports_at_once_make_one_leak_and_one_work_order(city):
    filed = [city.filed((HERE[0] + each * METRE, HERE[1])) for each in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(city.say, filed))
    assert len(city.leaks()) == len(city.orders()) == len(city.said(facts.LeakOpened)) == 1
    assert len(city.said(facts.LeakJoined)) == 5
    city.crew("accept", "arrive", "repaired")
    city.pump(times=2)
    [closed] = city.said(facts.LeakClosed)
    assert set(closed.complaint_ids) == {fact.complaint_id for fact in filed}
    assert len(closed.complaint_ids) == 6


def test_a_kelurahan_without_a_zone_is_refused_and_nothing_is_left(city):
    with pytest.raises(NoZone):
        city.report(kelurahan="35.07.01.1001")
    assert city.leaks() == []


def test_what_the_crew_does_is_told_to_everybody_who_waits_once(city):
    one, two = city.report(), city.report()
    city.crew("accept")
    city.pump(times=2)
    assert city.leaks()[0].state == State.IN_WORK
    city.crew("arrive", "repaired")
    city.pump(times=2)
    told = [(fact.step, list(fact.complaint_ids)) for fact in city.said(facts.LeakProgressed)]
    assert told == [("scheduled", [one]), ("scheduled", [two]), ("accepted", [one, two]), ("arrived", [one, two])]
    [closed] = city.said(facts.LeakClosed)
    assert (list(closed.complaint_ids), closed.outcome, closed.work_order_number) == (
        [one, two],
        "repaired",
        city.orders()[0].number,
    )
    assert (city.leaks()[0].state, city.leaks()[0].closed_at is None) == (State.REPAIRED, False)


def test_a_report_that_joins_late_learns_how_far_the_work_is(city):
    city.report()
    city.crew("accept", "arrive")
    city.pump()
    late = city.report()
    assert [fact.step for fact in city.said(facts.LeakProgressed) if list(fact.complaint_ids) == [late]] == ["arrived"]


def test_the_end_may_be_seen_before_what_led_to_it(city):
    city.report()
    city.crew("accept", "arrive", "not_found")
    city.pump(order=lambda rows: rows[::-1], times=2)
    [closed] = city.said(facts.LeakClosed)
    assert closed.outcome == "not_found"
    assert city.leaks()[0].state == State.NOT_FOUND
    assert [fact.step for fact in city.said(facts.LeakProgressed)] == ["scheduled"]


def test_the_versions_of_a_leaks_facts_rise(city):
    import sqlalchemy as sa
    from chassis.db.frame import outbox

    city.report()
    city.report()
    city.crew("accept", "arrive", "repaired")
    city.pump()
    with city.db.transaction(readonly=True) as session:
        rows = session.scalars(sa.select(outbox.c.sequence).where(outbox.c.topic == "twuin.leaks").order_by(outbox.c.id)).all()
    assert len(rows) == 7
    assert list(rows) == sorted(set(rows))


def test_reopened_is_a_new_visit_of_the_same_leak(city):
    one, two = city.report(), city.report()
    city.crew("accept", "arrive", "repaired")
    city.pump()
    city.reopen(one, times=2)
    [leak], [first, second] = city.leaks(), city.orders()
    assert (leak.state, leak.visits, leak.closed_at, str(leak.resolve_by)) == (State.OPEN, 2, None, "2026-12-05")
    assert (second.subject_id, second.visit, leak.work_order_id) == (leak.leak_id, 2, second.work_order_id)
    [reopened] = city.said(facts.LeakReopened)
    assert (list(reopened.complaint_ids), reopened.visit) == ([one], 2)
    city.reopen(two)  # waits for the visit that is under way
    assert len(city.orders()) == 2
    city.crew("accept", "arrive", "repaired")
    city.pump()
    closed = city.said(facts.LeakClosed)
    assert [list(fact.complaint_ids) for fact in closed] == [[one, two], [one, two]]
    assert [fact.work_order_number for fact in closed] == [first.number, second.number]


def test_only_who_reopened_hears_of_the_new_visit(city):
    one, _two = city.report(), city.report()
    city.crew("accept", "arrive", "repaired")
    city.pump()
    city.reopen(one)
    city.crew("accept", "arrive", "repaired")
    city.pump()
    assert list(city.said(facts.LeakClosed)[-1].complaint_ids) == [one]


def test_a_late_fact_of_the_first_visit_does_not_end_the_second(city):
    one = city.report()
    first = city.orders()[0]
    city.crew("accept", "arrive", "repaired")
    city.pump()
    city.reopen(one)
    done = orders.WorkOrderCompleted(
        work_order_id=str(first.work_order_id), kind="leak", subject_id=str(first.subject_id), outcome="repaired"
    )  # fmt: skip
    city.give(done, key=str(first.work_order_id), sequence=99)
    assert city.leaks()[0].state == State.OPEN
    assert len(city.said(facts.LeakClosed)) == 1


def test_when_every_report_is_withdrawn_before_work_begins_the_leak_and_its_order_end(city):
    one, two = city.report(), city.report()
    city.withdraw(one)
    assert city.leaks()[0].state == State.OPEN
    city.withdraw(two)
    assert city.leaks()[0].state == State.WITHDRAWN
    assert city.orders()[0].state is WorkState.CANCELLED
    assert city.said(facts.LeakClosed) == []
    city.report()
    assert len(city.leaks()) == 2


def test_a_withdrawal_after_the_crew_accepted_stops_no_work_and_is_told_no_more(city):
    one = city.report()
    city.crew("accept")  # its fact is still under way
    city.withdraw(one)
    city.pump()
    city.crew("arrive", "repaired")
    city.pump()
    assert city.leaks()[0].state == State.REPAIRED
    assert list(city.said(facts.LeakClosed)[0].complaint_ids) == []
    assert [fact.step for fact in city.said(facts.LeakProgressed)] == ["scheduled"]


def test_another_crew_is_another_start(city):
    from chassis.principal import Principal
    from twuin.work_orders import desk

    city.report()
    city.crew("accept")
    city.pump()
    with city.db.transaction() as session:
        operator = Principal("rosa", "staff", roles=frozenset({"operator"}), areas=frozenset({"*"}))
        desk.assign_crew(session, operator, city.orders()[0].work_order_id, "Regu Barat")
    city.pump()
    assert (city.leaks()[0].crew, city.leaks()[0].state) == ("Regu Barat", State.OPEN)
    barat = Principal("dedi", "staff", roles=CREW.roles, claims={"office": "Regu Barat"})
    city.crew("accept", "arrive", "repaired", who=barat)
    city.pump()
    assert [fact.step for fact in city.said(facts.LeakProgressed)] == ["scheduled", "accepted", "accepted", "arrived"]


def test_a_report_after_the_repair_is_another_leak_though_its_end_is_still_under_way(city):
    first = city.report()
    city.crew("accept", "arrive", "repaired")
    second = city.report()
    assert [leak.state for leak in city.leaks()] == [State.REPAIRED, State.OPEN]
    city.pump()
    [closed] = city.said(facts.LeakClosed)
    assert list(closed.complaint_ids) == [first]
    assert [fact.complaint_id for fact in city.said(facts.LeakOpened)] == [first, second]


def test_who_reopens_after_the_second_visit_ended_gets_a_third(city):
    one, two = city.report(), city.report()
    city.crew("accept", "arrive", "repaired")
    city.pump()
    city.reopen(one)
    city.crew("accept", "arrive", "repaired")  # its facts are still under way
    city.reopen(two)
    assert [order.visit for order in city.orders()] == [1, 2, 3]
    city.pump()
    assert [list(fact.complaint_ids) for fact in city.said(facts.LeakClosed)] == [[one, two], [one]]
    city.crew("accept", "arrive", "repaired")
    city.pump()
    assert list(city.said(facts.LeakClosed)[-1].complaint_ids) == [two]


def test_a_fact_about_an_unknown_complaint_is_an_error_to_be_parked(city):
    with pytest.raises(ReportUnknown):
        city.reopen(str(uuid.uuid4()))


def test_other_kinds_of_work_are_no_leaks(city):
    from twuin import work_orders

    with city.db.transaction() as session:
        work_orders.create(
            session, city.works.parts.vault, kind=work_orders.Kind.SURVEY, subject_id=uuid.uuid4(), subject_number="SB-26-000001",
            zone="Z06", kelurahan="35.73.03.1008", position=HERE, due_on=city.filed().filed_at.ToDatetime().date(),
        )  # fmt: skip
    city.crew("accept", "arrive")
    city.pump()
    assert city.leaks() == []


def test_the_service_listens_in_order_and_under_a_name_of_its_own(waterworks):
    mine = [each for each in app.SERVICE.subscriptions(waterworks.parts) if each.name == "leaks"]
    assert ComplaintFiled in {each.fact for each in mine}
    assert len(mine) == 7
    assert all(isinstance(each, Subscription) and each.ordered for each in mine)
