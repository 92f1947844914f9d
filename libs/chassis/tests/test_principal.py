import datetime as dt
import threading

import pytest
from chassis import clock, principal
from chassis.principal import Minter, Principal, Unauthenticated, Verifier
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

KEY = Ed25519PrivateKey.generate()
NOW = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)
MINTER = Minter("gateway", "k1", KEY)


def verifying(keys=None, **how):
    keys = {"k1": KEY.public_key()} if keys is None else keys
    return Verifier(keys.get, audience="singo", issuers=frozenset({"gateway"}), **how)


words = st.text(min_size=1, max_size=20)
people = st.builds(
    Principal, subject=words, kind=st.sampled_from(["citizen", "staff", "workload"]), roles=st.frozensets(words, max_size=3),
    areas=st.frozensets(words, max_size=3), loa=st.integers(1, 3), name=st.text(max_size=20), claims=st.dictionaries(words, words, max_size=2),
)  # fmt: skip


@given(people)
def test_a_token_carries_all_of_a_principal(who):
    assert verifying().verify(MINTER.mint(who, "singo")) == who


def test_a_token_lives_for_its_minute_also_when_it_was_seen_before():
    verifier = verifying()
    with clock.frozen(NOW):
        token = MINTER.mint(Principal("a", "citizen"), "singo")
    with clock.frozen(NOW + dt.timedelta(seconds=59)):
        assert verifier.verify(token).subject == "a"
    with clock.frozen(NOW + dt.timedelta(seconds=60)), pytest.raises(Unauthenticated):
        verifier.verify(token)


def test_clocks_may_differ_a_little():
    with clock.frozen(NOW + dt.timedelta(seconds=4)):
        soon = MINTER.mint(Principal("a", "citizen"), "singo")
    with clock.frozen(NOW + dt.timedelta(seconds=6)):
        later = MINTER.mint(Principal("a", "citizen"), "singo")
    with clock.frozen(NOW):
        assert verifying().verify(soon).subject == "a"
        with pytest.raises(Unauthenticated):
            verifying().verify(later)


def test_a_token_is_checked_once():
    asked = []
    verifier = Verifier(lambda kid: asked.append(kid) or KEY.public_key(), audience="singo", issuers=frozenset({"gateway"}))
    token = MINTER.mint(Principal("a", "citizen"), "singo")
    assert verifier.verify(token) == verifier.verify(token)
    assert asked == ["k1"]


def test_remembers_a_bounded_number():
    verifier = verifying(size=3)
    for n in range(10):
        verifier.verify(MINTER.mint(Principal(str(n), "citizen"), "singo"))
    assert len(verifier._known) == 3


def test_a_withdrawn_key_makes_no_new_token_good():
    keys = {"k1": KEY.public_key()}
    verifier = verifying(keys)
    del keys["k1"]
    with pytest.raises(Unauthenticated):
        verifier.verify(MINTER.mint(Principal("a", "citizen"), "singo"))


def test_many_threads_verify_at_once():
    verifier, tokens = verifying(size=5), [MINTER.mint(Principal(str(n), "citizen"), "singo") for n in range(20)]
    wrong = []

    def check():
        wrong.extend(n for n, token in enumerate(tokens) if verifier.verify(token).subject != str(n))

    threads = [threading.Thread(target=check) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_acting_ends_with_the_block():
    with pytest.raises(Unauthenticated):
        principal.current()
    with principal.acting(Principal("a", "citizen")):
        with principal.acting(None), pytest.raises(Unauthenticated):
            principal.current()
        assert principal.current().subject == "a"
    assert principal.peek() is None
