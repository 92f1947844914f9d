from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from chassis import clock, principal
from chassis.rpc import Failure
from chassis.testing import as_citizen, as_staff
from malang.singo.v1 import applications_pb2 as pb
from malang.singo.v1.letters_events_pb2 import LetterIssued
from singo.applications.jobs import finish_signing
from singo.applications.signing import SigningGoesOn
from singo.applications.tables import Application, locked, of_area

LURAH = {"roles": ["lurah"], "subject": "lurah-1", "name": "Dra. Endah Rahayu"}


def state(world, application) -> pb.Application:
    with as_citizen("citizen-a"):
        return world.stub.Get(pb.GetRequest(application_id=application.application_id))


def sign(world, application) -> pb.Application:
    with as_staff(**LURAH):
        return world.stub.Sign(pb.SignRequest(application_id=application.application_id))


class PowerCutError(Exception):
    pass


class CutPress:
    """A press whose process loses its power after the document is stored: an outside event, not a part of the platform."""

    def __init__(self, press):
        self.press, self.stored = press, []

    def produce(self, draft):
        self.stored.append(self.press.produce(draft))
        raise PowerCutError


def test_an_approved_application_becomes_a_letter_that_lies_in_the_store(world):
    signed = sign(world, world.approved())
    assert (signed.state, signed.working_days_left) == (pb.APPLICATION_STATE_SIGNED, 0)
    assert [each.event for each in signed.timeline] == ["drafted", "submitted", "approved", "signing", "signed"]
    ((fact, _, _),) = world.facts(LetterIssued)
    assert (fact.application_id, fact.citizen_id, fact.letter_id) == (signed.application_id, "citizen-a", signed.letter_id)
    assert fact.reference == signed.reference
    assert fact.address_hash
    (stored,) = world.means.files.under("letters")
    assert world.signing.press.read(stored.path).startswith(b"%PDF-")


def test_signing_again_changes_nothing(world):
    application = world.approved()
    assert sign(world, application) == sign(world, application)
    assert len(world.facts(LetterIssued)) == 1


def test_only_an_approved_application_can_be_signed(world):
    application = world.submitted()
    with pytest.raises(Failure) as refused:
        sign(world, application)
    assert refused.value.code == "not_now"


def test_a_power_cut_between_stored_and_committed_ends_in_one_letter_with_the_same_number(world):
    application = world.approved()
    cut = replace(world.signing, press=CutPress(world.signing.press))
    # A process that dies does not tidy up after itself, so the lease is left as it is.
    with as_staff(**LURAH), world.db.transaction() as session:
        row = _locked(session, application)
        draft = cut._begun(session, row, _who())
    world.signing.press.produce(draft)
    waiting = state(world, application)
    assert (waiting.state, waiting.letter_id) == (pb.APPLICATION_STATE_SIGNING, "")
    assert finish_signing(world.signing) == 0  # somebody may still be at it
    with as_staff(**LURAH), pytest.raises(Failure) as refused:
        world.stub.Sign(pb.SignRequest(application_id=application.application_id))
    assert refused.value.code == SigningGoesOn.code
    with clock.frozen(clock.now() + dt.timedelta(seconds=31)):
        assert finish_signing(world.signing) == 1
        assert finish_signing(world.signing) == 0
    assert state(world, application).state == pb.APPLICATION_STATE_SIGNED
    ((fact, _, _),) = world.facts(LetterIssued)
    assert fact.letter_id == draft.letter_id
    with world.db.engine.connect() as connection:
        assert connection.exec_driver_sql("select number, state from letter").all() == [(draft.number, "issued")]


def test_a_press_that_fails_can_be_tried_again_at_once(world):
    application = world.approved()
    press = CutPress(world.signing.press)
    with as_staff(**LURAH), pytest.raises(PowerCutError):
        replace(world.signing, press=press).sign(_who(), application.application_id)
    assert state(world, application).state == pb.APPLICATION_STATE_SIGNING
    assert sign(world, application).state == pb.APPLICATION_STATE_SIGNED
    assert len(world.facts(LetterIssued)) == 1


def test_two_who_finish_the_same_letter_issue_one_whose_file_is_the_one_stored(world):
    application = world.approved()
    with as_staff(**LURAH), world.db.transaction() as session:
        draft = world.signing._begun(session, _locked(session, application), _who())
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: world.signing._finished(uuid.UUID(application.application_id), draft), range(4)))
    ((fact, _, _),) = world.facts(LetterIssued)
    with world.db.engine.connect() as connection:
        path = connection.exec_driver_sql("select path from letter").scalar_one()
    assert hashlib.sha256(world.signing.press.read(path)).hexdigest() == fact.sha256


def test_many_signatures_at_once_lose_no_number(world):
    applications = [world.approved(who=f"citizen-{place}") for place in range(8)]

    def one(application):
        with as_staff(**LURAH):
            world.signing.sign(_who(), application.application_id)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(one, applications))
    with world.db.engine.connect() as connection:
        ordinals = connection.execute(sa.text("select ordinal from letter order by ordinal")).scalars().all()
    assert ordinals == list(range(1, 9))


def _who():
    return principal.current()


def _locked(session, application):
    found = locked(session, of_area(frozenset("*")).where(Application.id == uuid.UUID(application.application_id)))
    assert found is not None
    return found
