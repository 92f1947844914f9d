"""A service's own key speaks for that service, to the audience it names, for a minute, and for nobody else."""

import base64
import datetime as dt

import jwt
import pytest
from chassis import clock
from chassis.principal import Minter, Principal, Unauthenticated, Verifier
from chassis.rpc import OwnTokens, workload_keys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

GATEWAY, TWUIN = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
NOW = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


OWN = f"k1:{text(TWUIN.private_bytes_raw())}"
KNOWN = f"twuin:k1:{text(TWUIN.public_key().public_bytes_raw())}"


def verifier(audience="singo", known=KNOWN):
    return Verifier(
        {"g1": GATEWAY.public_key()}.get, audience=audience, issuers=frozenset({"gateway"}), workloads=workload_keys(known)
    )


def refused(token, **how):
    with pytest.raises(Unauthenticated):
        verifier(**how).verify(token)


def test_a_service_speaks_for_itself():
    assert verifier().verify(OwnTokens("twuin", OWN)("singo")) == Principal("twuin", "workload")


def test_the_gateways_tokens_are_good_beside_it():
    token = Minter("gateway", "g1", GATEWAY).mint(Principal("c-1", "citizen"), "singo")
    assert verifier().verify(token).subject == "c-1"


@pytest.mark.parametrize("kind", ["citizen", "guest", "staff"])
@pytest.mark.parametrize("subject", ["c-1", "twuin"])
def test_its_key_speaks_for_no_person(kind, subject):
    refused(Minter("twuin", "k1", TWUIN).mint(Principal(subject, kind), "singo"))


def test_its_key_speaks_for_no_other_service():
    refused(Minter("twuin", "k1", TWUIN).mint(Principal("gateway", "workload"), "singo"))


@pytest.mark.parametrize("kid", ["k1", "g1"])
def test_its_key_does_not_sign_as_the_gateway(kid):
    refused(Minter("gateway", kid, TWUIN).mint(Principal("gateway", "workload"), "singo"))


def test_the_gateways_key_does_not_sign_as_the_service():
    refused(Minter("twuin", "g1", GATEWAY).mint(Principal("twuin", "workload"), "singo"))


def test_a_key_that_was_taken_out_is_no_longer_good():
    token = OwnTokens("twuin", OWN)("singo")
    refused(token, known="")
    refused(token, known=KNOWN.replace(":k1:", ":k2:"))


def test_a_token_for_another_service_is_refused():
    refused(OwnTokens("twuin", OWN)("gateway"))


def test_a_token_lives_for_a_minute_and_is_renewed_before():
    tokens = OwnTokens("twuin", OWN)
    with clock.frozen(NOW):
        token = tokens("singo")
        assert tokens("singo") == token
    with clock.frozen(NOW + dt.timedelta(seconds=50)):
        assert tokens("singo") != token
    with clock.frozen(NOW + dt.timedelta(seconds=61)):
        refused(token)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_an_unsigned_token_and_one_signed_with_the_public_key_are_refused(algorithm):
    claims = jwt.decode(OwnTokens("twuin", OWN)("singo"), options={"verify_signature": False})
    secret = "" if algorithm == "none" else text(TWUIN.public_key().public_bytes_raw())
    refused(jwt.encode(claims, secret, algorithm=algorithm, headers={"kid": "k1"}))


@pytest.mark.parametrize("setting", ["twuin", "twuin:k1", "twuin:k1:!", "twuin:k1:AAAA", f"k1:{text(b'x' * 32)}"])
def test_keys_written_wrongly_are_refused_with_a_reason(setting):
    with pytest.raises(ValueError, match="a key is"):
        workload_keys(setting)


@pytest.mark.parametrize("setting", ["", "k1", "k1:AAAA", "k1:!"])
def test_an_own_key_written_wrongly_is_refused_with_a_reason(setting):
    with pytest.raises(ValueError, match="a key is"):
        OwnTokens("twuin", setting)
