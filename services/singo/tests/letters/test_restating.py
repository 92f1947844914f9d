"""The letters as they are now, said again."""

from __future__ import annotations

from chassis import principal, testing
from malang.singo.v1.letters_events_pb2 import LetterIssued, LetterRevoked
from singo.letters import registry as register
from singo.letters import restating

REASON = "Alamat pada surat ternyata salah."


def test_every_issued_letter_is_said_as_it_is_now_with_its_version(registry, press):
    plain, revoked = registry.issued(), registry.issued()
    registry.reserve()
    said = {key: fact for fact, key, _sequence in registry.facts()}
    with testing.as_staff(roles={"lurah"}, areas={"*"}), registry.db.transaction() as session:
        register.revoke(session, principal.current(), str(revoked.id), REASON)
    with registry.db.transaction(readonly=True) as session:
        again = list(restating.state(session, registry.vault, press.address_key))
    assert {(type(each.fact), each.key, each.sequence) for each in again} == {
        (LetterIssued, str(plain.id), 2), (LetterIssued, str(revoked.id), 2), (LetterRevoked, str(revoked.id), 3),
    }  # fmt: skip
    issued = {each.key: each.fact for each in again if isinstance(each.fact, LetterIssued)}
    assert issued[str(plain.id)] == said[str(plain.id)], "word for word, the address's hash as well"
