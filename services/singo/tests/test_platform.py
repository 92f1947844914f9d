"""How the service is, as an admin is told: processes that live, what waits, what is parked, and driving it again."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from uuid import uuid4

import pytest
import sqlalchemy as sa
from chassis import clock, outbox, rpc, testing
from chassis.broker import Place, Record
from chassis.consumer import Subscription
from chassis.consumer.letters import park
from chassis.consumer.subscription import envelope_of
from chassis.db import heartbeat
from chassis.db.frame import dead_letter, inbox
from chassis.process import Job, repeat
from chassis.rpc import Failure, Served
from chassis.rpc.platform import Platform
from malang.gateway.v1.identity_events_pb2 import StaffEnded
from malang.platform.v1 import platform_pb2 as pb
from malang.platform.v1.platform_pb2_grpc import PlatformStub, add_PlatformServicer_to_server

REASON = "Aturan sudah diperbaiki, coba lagi."
NOW = dt.datetime(2026, 11, 30, 3, 0, tzinfo=dt.UTC)


@pytest.fixture
def world(database) -> Iterator[SimpleNamespace]:
    """Serve Platform over gRPC, with a subscription whose effect fails while `broken` says so."""
    made = SimpleNamespace(db=database, broken=True, handled=[])

    def handle(_session: object, fact: StaffEnded, _envelope: object) -> None:
        if made.broken:
            raise ValueError("nomor 3573010101800001 tidak dikenal")
        made.handled.append(fact.staff_id)

    def subscriptions() -> Sequence[Subscription]:
        return [Subscription(StaffEnded, handle)]

    platform = Platform(pb, database, "singo", build=("0.1.0", "abc"), processes=("rpc", "jobs"), subscriptions=subscriptions)
    served = Served(add_PlatformServicer_to_server, platform, "malang.platform.v1.Platform")
    with testing.serve(served) as upstream:
        made.stub = upstream.stub(PlatformStub)
        yield made


def parked(world: SimpleNamespace, *keys: str) -> None:
    """Park a fact of each key."""
    for offset, key in enumerate(keys):
        fact = StaffEnded(staff_id=f"{key}-{offset}")
        headers = {
            "ce_id": str(uuid4()),
            "ce_type": fact.DESCRIPTOR.full_name,
            "ce_time": clock.now().isoformat(),
            "ce_subject": key,
        }
        record = Record(Place("gateway.identity", 0), offset, key, fact.SerializeToString(), headers)
        with world.db.transaction() as session:
            park(session, "singo", record, envelope_of(record), error="ValueError: salah", attempts=5)


def alive(instance: str, name: str = "rpc") -> heartbeat.Alive:
    return heartbeat.Alive(instance, name, "0.1.0", "abc", clock.now())


def status(world: SimpleNamespace) -> pb.Status:
    with testing.as_staff(roles=["admin"]):
        return world.stub.GetStatus(pb.GetStatusRequest())


def redrive(world: SimpleNamespace, **asked: object) -> pb.RedriveResponse:
    with testing.as_staff(roles=["admin"], subject="admin-1"):
        return world.stub.Redrive(pb.RedriveRequest(**{"reason": REASON, **asked}))


def test_only_an_admin_is_told(world):
    for who in (testing.as_staff(roles=["operator", "officer"]), testing.as_citizen("c"), testing.as_workload()):
        with who:
            for method, asked in (
                ("GetStatus", pb.GetStatusRequest()),
                ("ListDeadLetters", pb.ListDeadLettersRequest()),
                ("Redrive", pb.RedriveRequest(reason=REASON)),
            ):
                with pytest.raises(Failure) as refused:
                    getattr(world.stub, method)(asked)
                assert refused.value.kind == "denied"


def test_a_process_is_alive_while_it_beats_and_gone_when_it_left(world, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    for instance in ("a", "b"):
        with world.db.transaction() as session:
            heartbeat.beat(session, alive(instance), ready=True, lag={"twuin.leaks": 3}, jobs=[])
    with world.db.transaction() as session:
        heartbeat.leave(session, "b")
    said = status_without_clock(world)
    assert [(each.instance, each.alive, each.ready, each.revision) for each in said.processes] == [("a", True, True, "abc")]
    assert [(each.topic, each.facts) for each in said.lag] == [("twuin.leaks", 3)]
    assert list(said.expected) == ["rpc", "jobs"]
    monkeypatch.setattr(clock, "now", lambda: NOW + heartbeat.SILENT)
    said = status_without_clock(world)
    assert [(each.instance, each.alive, each.ready) for each in said.processes] == [("a", False, False)]
    assert not said.lag


def status_without_clock(world: SimpleNamespace) -> pb.Status:
    """Ask the servicer itself: a token made under a clock that stands still is not for the network."""
    platform = Platform(pb, world.db, "singo", build=("", ""), processes=("rpc", "jobs"), subscriptions=list)
    return platform.GetStatus(pb.GetStatusRequest(), None)


def test_a_process_that_was_silent_for_long_is_forgotten(world, monkeypatch):
    for after in (0, 11):
        monkeypatch.setattr(clock, "now", lambda after=after: NOW + dt.timedelta(minutes=after))
        with world.db.transaction() as session:
            heartbeat.beat(session, alive(f"at-{after}"), ready=True, lag={}, jobs=[])
    assert [each.instance for each in status_without_clock(world).processes] == ["at-11"]


def test_how_a_job_ended_is_told_with_its_last_success(world):
    stop, runs, rounds = threading.Event(), {}, []

    def work(_stop: threading.Event) -> None:
        rounds.append(1)
        if len(rounds) == 2:
            stop.set()
            raise ValueError("telepon +6281234567890 salah")

    repeat(Job("letters.forget", 0.0, work), stop, runs)
    with world.db.transaction() as session:
        heartbeat.beat(session, alive("a", "jobs"), ready=True, lag={}, jobs=runs.values())
        older = replace(runs["letters.forget"], ended_at=NOW - dt.timedelta(days=900), outcome="done")
        heartbeat.beat(session, alive("b", "jobs"), ready=True, lag={}, jobs=[older])
    (job,) = status(world).jobs
    assert (job.name, job.outcome) == ("letters.forget", "failed")
    assert job.error.startswith("ValueError")
    assert "81234567890" not in job.error
    assert job.HasField("succeeded_at")


def test_what_waits_in_the_outbox_is_told_by_topic_with_its_age(world):
    with world.db.transaction() as session:
        for number in range(3):
            outbox.append(session, StaffEnded(staff_id=str(number)), key=str(number), sequence=1)
    (backlog,) = status(world).outbox
    assert (backlog.topic, backlog.facts) == ("gateway.identity", 3)
    assert backlog.oldest_at.ToDatetime(dt.UTC) <= clock.now()


def test_dead_letters_are_paged_and_show_nothing_of_what_they_carry(world):
    parked(world, "x", "y", "z")
    assert status(world).dead_letters == 3
    with testing.as_staff(roles=["admin"]):
        first = world.stub.ListDeadLetters(pb.ListDeadLettersRequest(page_size=2))
        second = world.stub.ListDeadLetters(pb.ListDeadLettersRequest(page_size=2, page_token=first.next_page_token))
    assert [each.key for each in (*first.letters, *second.letters)] == ["x", "y", "z"]
    assert second.next_page_token == ""
    assert first.letters[0].error == "ValueError: salah"
    assert "payload" not in {field.name for field in pb.DeadLetter.DESCRIPTOR.fields}


@pytest.mark.parametrize("token", ["9" * 30, "9" * 5000, "\u0663", "-1", "' or 1=1 --"])
def test_a_page_token_that_is_none_is_refused(world, token):
    with testing.as_staff(roles=("admin",)), pytest.raises(Failure) as refused:
        world.stub.ListDeadLetters(pb.ListDeadLettersRequest(page_token=token))
    assert [field.field for field in refused.value.fields] == ["page_token"]


def test_a_redrive_that_fails_keeps_the_letter_with_the_masked_reason(world):
    parked(world, "x")
    done = redrive(world)
    assert (done.resolved, done.open) == (0, 1)
    with world.db.transaction() as session:
        error, attempts = session.execute(sa.select(dead_letter.c.error, dead_letter.c.attempts)).one()
    assert attempts == 6
    assert "3573010101800001" not in error


def test_a_redrive_has_each_effect_once_and_says_who_did_it_and_why(world):
    parked(world, "x", "y")
    world.broken = False
    with rpc.idempotency_key("k-12345678"):
        first, again = redrive(world), redrive(world)
    assert (first.resolved, first.open) == (again.resolved, again.open) == (2, 0)
    assert redrive(world).resolved == 0
    assert world.handled == ["x-0", "y-1"]
    with world.db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(inbox)) == 2
    said = status(world).interventions
    assert [(each.subject, each.action, each.reason, each.outcome) for each in said] == [
        ("admin-1", "redrive", REASON, "0 resolved, 0 open"),
        ("admin-1", "redrive", REASON, "2 resolved, 0 open"),
    ]


def test_one_letter_is_driven_with_those_of_its_line_and_no_other(world):
    parked(world, "x", "y", "x")
    world.broken = False
    with testing.as_staff(roles=["admin"]):
        letters = world.stub.ListDeadLetters(pb.ListDeadLettersRequest()).letters
    done = redrive(world, letter_id=letters[2].letter_id)
    assert (done.resolved, done.open) == (2, 1)
    assert world.handled == ["x-0", "x-2"]
    with pytest.raises(Failure) as gone:
        redrive(world, letter_id=letters[2].letter_id)
    assert (gone.value.kind, gone.value.code) == ("not_found", "no_such_letter")


@pytest.mark.parametrize("reason", ["", "pendek", "x" * 301])
def test_a_redrive_asks_for_a_reason(world, reason):
    parked(world, "x")
    with pytest.raises(Failure) as refused:
        redrive(world, reason=reason)
    assert [field.field for field in refused.value.fields] == ["reason"]
    assert status(world).interventions == []
