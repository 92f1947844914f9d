import os
import time

import pytest
import sqlalchemy as sa
from address import Home, address_hash
from singo import letters
from singo.letters.jobs import forget_unissued_files
from singo.letters.service import LetterNotFound


def test_a_letter_is_stored_before_it_is_issued_and_said_once(registry, press):
    draft = registry.reserve()
    produced = letters.produce(press, draft)
    assert press.read(produced.path).startswith(b"%PDF-")
    assert registry.facts() == []
    for _ in range(2):
        with registry.db.transaction() as session:
            row = letters.issue(session, draft.letter_id, produced, signed_by="lurah-1")
    [(fact, key, sequence)] = registry.facts()
    assert (fact.letter_id, key, sequence) == (draft.letter_id, draft.letter_id, 2)
    assert (fact.sha256, fact.citizen_id, fact.kind, fact.reference) == (row.sha256, "citizen-a", "domisili", "SGO-AAAA-BBBB")
    assert fact.valid_until == row.valid_until.isoformat()


def test_a_fact_about_a_domicile_carries_the_keyed_hash_of_the_house(registry, press):
    registry.issued()
    registry.issued(kind="sktm")
    hashes = [fact.address_hash for fact, _, _ in registry.facts()]
    assert hashes == [address_hash(press.address_key, Home("35.73.03.1008", "12", "3", "jalan danau toba 5")), ""]


def test_no_fact_holds_what_identifies_a_person(registry):
    registry.issued()
    with registry.db.transaction(readonly=True) as session:
        payload = bytes(session.execute(sa.text("select payload from outbox")).scalar_one())
    assert not any(word in payload for word in (b"Siti", b"3573035501900001", b"Toba"))


def test_a_second_try_does_not_change_what_the_first_one_stored(registry, press):
    draft = registry.reserve()
    first = letters.produce(press, draft)
    with registry.db.transaction() as session:
        row = letters.issue(session, draft.letter_id, first, signed_by="lurah-1")
    late = letters.produce(press, draft)
    with registry.db.transaction() as session:
        again = letters.issue(session, draft.letter_id, late, signed_by="lurah-2")
    assert (again.sha256, again.path, again.signed_by) == (row.sha256, first.path, "lurah-1")
    assert len(press.read(row.path)) == row.size


def test_a_document_that_was_never_issued_is_forgotten_after_a_day(registry, press, tmp_path):
    issued = registry.issued()
    stray = letters.produce(press, registry.reserve())
    fresh = letters.produce(press, registry.reserve())
    yesterday = time.time() - 25 * 3600
    for path in (issued.path, stray.path):
        os.utime(tmp_path / "files" / path, (yesterday, yesterday))
    assert forget_unissued_files(registry.db, press) == 1
    assert [press.files.exists(path) for path in (issued.path, stray.path, fresh.path)] == [True, False, True]


def test_stored_documents_are_sealed(registry, tmp_path):
    row = registry.issued()
    assert b"%PDF-" not in (tmp_path / "files" / row.path).read_bytes()


def test_an_unknown_letter_cannot_be_issued(registry, press):
    produced = letters.produce(press, registry.reserve())
    with registry.db.transaction() as session, pytest.raises(LetterNotFound):
        letters.issue(session, "00000000-0000-4000-8000-000000000000", produced, signed_by="lurah-1")
