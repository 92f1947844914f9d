"""Tokens of the API rotate and die by reuse; signing keys rotate while everybody works."""

import contextlib
import datetime as dt
import threading

import pytest
from chassis import clock, rpc
from chassis.principal import Principal, Unauthenticated, Verifier
from gateway.identity import keys, sessions, tokens
from gateway.identity.errors import RefreshRefused
from gateway.identity.keys import Keyring
from sqlalchemy import text


def verifier(means, audience=tokens.AUDIENCE):
    return Verifier(means.keyring.key, audience=audience, issuers=frozenset({"gateway"}))


def pair_of(means, people, number=3):
    one = people.signed_in(means, number, client="api")
    return one, tokens.issue(means, one.new)


def test_an_access_token_names_its_person_and_session_and_ends_after_ten_minutes(means, people):
    one, pair = pair_of(means, people)
    who = verifier(means).verify(pair.access_token)
    assert (who.subject, who.kind, who.claims["sid"]) == (one.citizen_id, "citizen", one.new.session_id)
    with clock.frozen(clock.now() + dt.timedelta(seconds=601)), pytest.raises(Unauthenticated):
        verifier(means).verify(pair.access_token)


def test_an_access_token_opens_no_service(means, people):
    _, pair = pair_of(means, people)
    for audience in ("singo", "twuin"):
        with pytest.raises(Unauthenticated):
            verifier(means, audience).verify(pair.access_token)


def test_refresh_tokens_rotate(means, people):
    _, pair = pair_of(means, people)
    second = tokens.refresh(means, pair.refresh_token)
    third = tokens.refresh(means, second.refresh_token)
    assert len({pair.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert verifier(means).verify(third.access_token).claims["sid"] == pair.session_id


def test_a_refresh_token_used_twice_ends_the_whole_family(means, people):
    _, pair = pair_of(means, people)
    _, stranger = pair_of(means, people, 4)
    second = tokens.refresh(means, pair.refresh_token)
    with pytest.raises(RefreshRefused):
        tokens.refresh(means, pair.refresh_token)
    with pytest.raises(RefreshRefused):
        tokens.refresh(means, second.refresh_token)
    assert sessions.find_by_id(means, pair.session_id) is None
    assert tokens.refresh(means, stranger.refresh_token)


def test_two_refreshes_at_once_never_make_two_successors_that_live(means, people):
    _, pair = pair_of(means, people)
    won = []

    def refresh():
        with contextlib.suppress(RefreshRefused):
            won.append(tokens.refresh(means, pair.refresh_token))

    threads = [threading.Thread(target=refresh) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(won) == 1
    assert sessions.find_by_id(means, pair.session_id) is None  # the others were a reuse


def test_revoked_expired_and_invented_tokens_are_refused(means, people):
    _, pair = pair_of(means, people)
    with clock.frozen(clock.now() + dt.timedelta(days=31)), pytest.raises(RefreshRefused):
        tokens.refresh(means, pair.refresh_token)
    tokens.revoke(means, pair.refresh_token)
    tokens.revoke(means, "invented")
    for token in (pair.refresh_token, "invented"):
        with pytest.raises(RefreshRefused):
            tokens.refresh(means, token)


def test_signing_out_everywhere_ends_the_refreshing_too(means, people):
    _, pair = pair_of(means, people)
    sessions.end_everywhere(means, sessions.find_by_id(means, pair.session_id))
    with pytest.raises(RefreshRefused):
        tokens.refresh(means, pair.refresh_token)


def test_keys_are_made_once_whoever_asks_first(means):
    rings = [Keyring(means.db, means.vault) for _ in range(6)]
    threads = [threading.Thread(target=ring.minter) for ring in rings]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({ring.minter().kid for ring in rings}) == 1
    assert len(rings[0].public()) == 2  # current and next


def test_a_rotation_breaks_no_token_old_or_new_in_any_process(means, monkeypatch):
    monkeypatch.setattr(keys, "_FRESH", 0.0)
    who = Principal("someone", "citizen")
    worker, other = Keyring(means.db, means.vault), Keyring(means.db, means.vault)
    published = set(rpc.jwks(other.public())["keys"][0]) and {key["kid"] for key in rpc.jwks(other.public())["keys"]}
    before = worker.minter().mint(who, "singo")
    with means.db.transaction() as session:
        current = keys.rotate(session, means.vault)
    assert current in published  # services have had it since before it signed
    assert worker.minter().kid == current
    after = worker.minter().mint(who, "singo")
    for ring in (worker, other):
        checks = Verifier(ring.key, audience="singo", issuers=frozenset({"gateway"}))
        assert checks.verify(before).subject == checks.verify(after).subject == "someone"


def test_a_retired_key_is_forgotten_after_its_last_token(means):
    means.keyring.minter()
    for hours in (0, 2, 4):
        with clock.frozen(clock.now() + dt.timedelta(hours=hours)), means.db.transaction() as session:
            keys.rotate(session, means.vault)
    with means.db.transaction() as session:
        states = session.execute(text("select state, count(*) from signing_key group by state")).all()
    assert dict(map(tuple, states)) == {"current": 1, "next": 1, "retired": 1}


def test_rotations_at_once_leave_one_current_key(means):
    means.keyring.minter()

    def rotate():
        with means.db.transaction() as session:
            keys.rotate(session, means.vault)

    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with means.db.transaction() as session:
        assert session.scalar(text("select count(*) from signing_key where state = 'current'")) == 1


def test_private_keys_are_sealed(means):
    means.keyring.minter()
    with means.db.transaction() as session:
        for sealed, kid in session.execute(text("select private_sealed, kid from signing_key")).all():
            assert len(sealed) > 32 + 16
            assert len(means.vault.open_bytes(sealed, bound=f"signing_key:{kid}:private")) == 32


def test_a_database_that_is_away_stops_no_signing(means, monkeypatch):
    monkeypatch.setattr(keys, "_FRESH", 0.0)
    kid = means.keyring.minter().kid
    monkeypatch.setattr(means.keyring, "_load", lambda: (_ for _ in ()).throw(OSError("gone")))
    assert means.keyring.minter().kid == kid
