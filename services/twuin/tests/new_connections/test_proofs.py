"""Which letters prove a home, when applying and at the tap."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from chassis import clock
from chassis.testing import as_citizen
from malang.twuin.v1 import new_connections_events_pb2 as facts
from malang.twuin.v1 import new_connections_pb2 as pb
from twuin.new_connections.means import Place

from services.twuin.tests.new_connections.conftest import Office
from services.twuin.tests.new_connections.walks import installing, refused, replace


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"kind": "sktm"}, "proof_wrong_kind"),
        ({"until": "2020-01-01"}, "proof_expired"),
        ({"hashed": False}, "proof_without_address"),
        ({"home": Place("Jl. Danau Toba No. 6", "3", "12")}, "proof_other_address"),
    ],
)
def test_ones_own_letter_that_proves_nothing_is_refused_with_its_reason(office: Office, how: dict, code: str) -> None:
    letter = office.letter(**how)
    failure = refused("refused", code, office.apply, letter)
    assert "SGO-AAAA-BBBB" in failure.id
    assert "SGO-AAAA-BBBB" in failure.en
    assert office.one("select count(*) from new_connections") == 0


@pytest.mark.parametrize("revoked_first", [True, False])
def test_a_revoked_letter_is_refused_in_whatever_order_the_facts_came(office: Office, revoked_first: bool) -> None:
    letter = str(uuid.uuid4())
    if revoked_first:
        office.revoke(letter)
    office.letter(letter_id=letter)
    office.revoke(letter)
    office.letter(letter_id=letter)
    refused("refused", "proof_revoked", office.apply, letter)
    with as_citizen("ani"):
        [proof] = office.calls.ListProofs(pb.ListProofsRequest()).proofs
    assert (proof.revoked, proof.usable, proof.reason) == (True, False, "revoked")


def test_somebody_elses_letter_is_simply_not_there(office: Office) -> None:
    theirs = office.letter("ben")
    for letter in (theirs, str(uuid.uuid4()), "nonsense"):
        failure = refused("not_found", "proof_not_found", office.apply, letter)
        assert failure.id == "Surat tidak ditemukan."
    with as_citizen("ani"):
        assert not office.calls.ListProofs(pb.ListProofsRequest()).proofs


def test_a_letter_that_is_revoked_before_the_check_is_not_passed_and_another_one_is(office: Office) -> None:
    letter = office.letter()
    one = office.apply(letter)
    office.revoke(letter)
    refused("refused", "proof_revoked", office.check, one)
    replace(office, one, office.letter())
    assert office.check(one).state == pb.NEW_CONNECTION_STATE_SURVEY


def test_a_letter_that_is_revoked_between_application_and_activation_holds_the_tap(office: Office) -> None:
    one = installing(office)
    office.revoke(one.letter_id)
    office.install(one)
    held = office.get(one)
    assert (held.state, held.reason, held.with_whom) == (pb.NEW_CONNECTION_STATE_HELD, "proof_revoked", "applicant")
    assert [fact.reason for fact in office.facts(facts.NewConnectionHeld)] == ["proof_revoked"]
    assert office.one("select state from connections") == 4
    refused("refused", "proof_revoked", replace, office, one, one.letter_id)
    refused("refused", "proof_other_address", replace, office, one, office.letter(home=Place("Jl. Lain 1", "1", "1")))
    refused("not_found", "proof_not_found", replace, office, one, office.letter("ben"))
    active = replace(office, one, office.letter())
    assert active.state == pb.NEW_CONNECTION_STATE_ACTIVE
    assert (office.one("select state from connections"), office.one("select count(*) from meters")) == (1, 1)
    refused("refused", "step_passed", replace, office, one, office.letter())


def test_a_letter_that_expires_before_activation_holds_the_tap(office: Office) -> None:
    letter = office.letter(until=clock.today().isoformat())
    one = office.apply(letter)
    office.check(one)
    office.survey(one)
    office.pay(one)
    with clock.frozen(clock.now() + dt.timedelta(days=1)):
        office.install(one)
    assert office.get(one).reason == "proof_expired"
