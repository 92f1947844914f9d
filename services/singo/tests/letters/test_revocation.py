"""Letters that the lurah takes back, and the register in which they are found."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from chassis import clock, rpc
from chassis.db.frame import outbox
from chassis.testing import as_citizen, as_nobody, as_staff, with_key
from malang.singo.v1 import letters_events_pb2 as facts
from malang.singo.v1 import letters_pb2 as pb

HERE, ELSEWHERE = "35.73.03.1008", "35.73.03.1007"
REASON = "Alamat pada surat ini ternyata keliru."


def lurah(*areas):
    return as_staff(roles=["lurah"], areas=areas or (HERE,), subject="lurah-1")


def revoke(stub, row, reason=REASON):
    return stub.Revoke(pb.RevokeLetterRequest(letter_id=str(row.id), reason=reason))


def said(db):
    query = sa.select(outbox.c.payload, outbox.c.key, outbox.c.sequence).where(outbox.c.type == "malang.singo.v1.LetterRevoked")
    with db.transaction(readonly=True) as session:
        return [(facts.LetterRevoked.FromString(row.payload), row.key, row.sequence) for row in session.execute(query)]


def test_everybody_sees_that_and_why_a_letter_was_revoked(registry, stub):
    row = registry.issued()
    at = dt.datetime(2026, 12, 1, 3, tzinfo=dt.UTC)
    with lurah(), clock.frozen(at):
        answer = revoke(stub, row, f"  {REASON}\n")
    assert (answer.revoked, answer.revocation_reason, answer.revoked_at.ToDatetime(dt.UTC)) == (True, REASON, at)
    with as_nobody():
        seen = stub.Verify(pb.VerifyRequest(code=row.code))
        content = stub.DownloadByCode(pb.DownloadByCodeRequest(code=row.code))
    assert (seen.revoked, seen.revocation_reason, seen.revoked_at.ToDatetime(dt.UTC)) == (True, REASON, at)
    assert seen.signature == pb.SIGNATURE_STATE_VALID_UNCERTIFIED
    assert content.content.startswith(b"%PDF-")
    with as_citizen("citizen-a"):
        assert stub.Get(pb.GetLetterRequest(letter_id=str(row.id))).revoked


def test_the_fact_names_the_letter_and_follows_the_one_of_its_issue(registry, stub):
    row = registry.issued()
    with lurah():
        revoke(stub, row)
    ((fact, key, sequence),) = said(registry.db)
    assert (fact.letter_id, fact.citizen_id, fact.kind, fact.reference) == (str(row.id), "citizen-a", "domisili", "SGO-AAAA-BBBB")
    assert fact.application_id == str(row.application_id)
    assert (key, sequence) == (str(row.id), row.version + 1)


def test_a_letter_is_revoked_once_and_a_repeated_call_gets_the_first_answer(registry, stub):
    row = registry.issued()
    with lurah():
        with with_key("k1"):
            first, again = revoke(stub, row), revoke(stub, row)
        with pytest.raises(rpc.Failure) as failed:
            revoke(stub, row, "Alasan yang lain sama sekali.")
    assert first == again
    assert (failed.value.kind, failed.value.code) == ("conflict", "already_revoked")
    assert len(said(registry.db)) == 1


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("", "length"),
        ("keliru", "length"),
        (" " * 50, "length"),
        ("x" * 301, "length"),
        ("Alamat\u202e keliru sekali", "unprintable"),
        ("Alamat\x07 keliru sekali", "unprintable"),
        ("Alamat\x1d keliru sekali", "unprintable"),
        ("Alamat keliru \u200b\u200b sekali", "unprintable"),
    ],
)
def test_a_bad_reason_is_named_and_changes_nothing(registry, stub, reason, code):
    row = registry.issued()
    with lurah(), pytest.raises(rpc.Failure) as failed:
        revoke(stub, row, reason)
    (error,) = failed.value.fields
    assert (failed.value.kind, error.field, error.code) == ("invalid", "reason", code)
    assert error.id != error.en
    assert said(registry.db) == []


def test_only_the_lurah_of_the_area_revokes_and_only_what_was_issued(registry, stub):
    row, reserved = registry.issued(), registry.reserve()
    for who, kind in (
        (lurah(ELSEWHERE), "not_found"),
        (as_staff(roles=["officer"], areas=[HERE]), "denied"),
        (as_citizen("citizen-a"), "denied"),
        (as_nobody(), "unauthenticated"),
    ):
        with who, pytest.raises(rpc.Failure) as failed:
            revoke(stub, row)
        assert failed.value.kind == kind
    for letter_id in (reserved.letter_id, "nothing"):
        with lurah(), pytest.raises(rpc.Failure) as failed:
            stub.Revoke(pb.RevokeLetterRequest(letter_id=letter_id, reason=REASON))
        assert failed.value.kind == "not_found"


def register(stub, number="", **page):
    return stub.Register(pb.LetterRegisterRequest(number=number, **page))


def test_the_register_is_of_the_area_and_found_by_number_code_or_reference(registry, stub):
    here, there = registry.issued(), registry.issued(at=ELSEWHERE, who="citizen-b")
    registry.reserve()
    with as_staff(roles=["officer"], areas=[HERE]):
        assert [each.letter_id for each in register(stub).letters] == [str(here.id)]
        for typed in (here.number, here.number.lower(), here.code.lower().replace("-", " "), "sgo aaaa bbbb"):
            assert [each.letter_id for each in register(stub, typed).letters] == [str(here.id)]
        for typed in (there.number, there.code, "470/999", "'; drop table letter", "470\0x", "%"):
            assert not register(stub, typed).letters
    with lurah("*"):
        assert {each.letter_id for each in register(stub).letters} == {str(here.id), str(there.id)}
    with as_citizen("citizen-a"), pytest.raises(rpc.Failure):
        register(stub)


def test_the_register_is_read_page_by_page_newest_first(registry, stub):
    rows = []
    for hour in range(3):
        with clock.frozen(dt.datetime(2026, 11, 24, hour, tzinfo=dt.UTC)):
            rows.append(registry.issued())
    with lurah():
        first = register(stub, page_size=2)
        rest = register(stub, page_size=2, page_token=first.next_page_token)
    assert [each.letter_id for each in (*first.letters, *rest.letters)] == [str(row.id) for row in reversed(rows)]
    assert not rest.next_page_token
