# ruff: noqa: N802 - methods of a servicer are named by the proto
import datetime as dt

import jwt
import pytest
from chassis import clock, principal, rpc
from chassis.principal import Minter, Principal
from chassis.testing.calls import as_citizen, as_nobody, as_staff, as_workload, minter, serve, verifier
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from malang.singo.v1 import charter_pb2, charter_pb2_grpc

NAME = "malang.singo.v1.Charter"


class Charter(charter_pb2_grpc.CharterServicer):
    """GetKind is for citizens and officers; ListKinds was forgotten."""

    @rpc.access(rpc.CITIZEN, rpc.staff("officer"), rpc.workload("twuin"))
    def GetKind(self, request, context):
        who = principal.current()
        return charter_pb2.Kind(code=f"{who.kind}:{who.subject}")

    def ListKinds(self, request, context):
        return charter_pb2.ListKindsResponse()


class OpenCharter(Charter):
    @rpc.access(rpc.ANYONE)
    def ListKinds(self, request, context):
        who = principal.peek()
        return charter_pb2.ListKindsResponse(kinds=[charter_pb2.Kind(code=who.subject if who else "nobody")])


def served(servicer):
    return rpc.Served(charter_pb2_grpc.add_CharterServicer_to_server, servicer, NAME)


@pytest.fixture(scope="module")
def charter():
    with serve(served(Charter())) as upstream:
        yield upstream.stub(charter_pb2_grpc.CharterStub)


def refusal(call, *args):
    with pytest.raises(rpc.Failure) as caught:
        call(*args)
    return caught.value.kind


def test_admits_whom_any_rule_admits(charter):
    with as_citizen("warga-1"):
        assert charter.GetKind(charter_pb2.GetKindRequest()).code == "citizen:warga-1"
    with as_staff(roles=["officer", "lurah"], subject="p-1"):
        assert charter.GetKind(charter_pb2.GetKindRequest()).code == "staff:p-1"
    with as_workload("twuin"):
        assert charter.GetKind(charter_pb2.GetKindRequest()).code == "workload:twuin"


def test_turns_away_whom_no_rule_admits(charter):
    with as_staff(roles=["cashier"]):
        assert refusal(charter.GetKind, charter_pb2.GetKindRequest()) == "denied"
    with as_workload("gateway"):
        assert refusal(charter.GetKind, charter_pb2.GetKindRequest()) == "denied"


def test_asks_a_visitor_to_sign_in(charter):
    with as_nobody():
        assert refusal(charter.GetKind, charter_pb2.GetKindRequest()) == "unauthenticated"


@pytest.mark.parametrize("somebody", [as_nobody(), as_citizen("a"), as_staff(roles=["admin"]), as_workload()])
def test_admits_nobody_to_a_method_without_a_rule(charter, somebody):
    with somebody:
        assert refusal(charter.ListKinds, charter_pb2.ListKindsRequest()) == "denied"


def test_lists_methods_without_a_rule():
    assert rpc.unruled([served(Charter())]) == [f"{NAME}/ListKinds"]
    assert rpc.unruled([served(OpenCharter())]) == []


def test_an_open_method_still_knows_who_calls():
    with serve(served(OpenCharter())) as upstream:
        stub = upstream.stub(charter_pb2_grpc.CharterStub)
        with as_citizen("warga-1"):
            assert stub.ListKinds(charter_pb2.ListKindsRequest()).kinds[0].code == "warga-1"
        with as_nobody():
            assert stub.ListKinds(charter_pb2.ListKindsRequest()).kinds[0].code == "nobody"
        assert stub.ListKinds(charter_pb2.ListKindsRequest()).kinds[0].code == "nobody"


def _none(claims):
    return jwt.encode(claims, None, algorithm="none", headers={"kid": "test"})


def _symmetric(claims):
    return jwt.encode(claims, minter().key.public_key().public_bytes_raw(), algorithm="HS256", headers={"kid": "test"})


def _expired(_claims):
    with clock.frozen(clock.now() - dt.timedelta(minutes=5)):
        return minter().mint(Principal("warga-1", "citizen"), "test")


def _from_the_future(_claims):
    with clock.frozen(clock.now() + dt.timedelta(minutes=5)):
        return minter().mint(Principal("warga-1", "citizen"), "test")


FORGERIES = {
    "for another audience": lambda _: minter().mint(Principal("warga-1", "citizen"), "twuin"),
    "expired": _expired,
    "from the future": _from_the_future,
    "of another issuer": lambda _: Minter("someone", "test", minter().key).mint(Principal("warga-1", "citizen"), "test"),
    "by another key": lambda _: Minter("gateway", "test", Ed25519PrivateKey.generate()).mint(Principal("a", "citizen"), "test"),
    "by an unknown key": lambda _: Minter("gateway", "k9", minter().key).mint(Principal("a", "citizen"), "test"),
    "unsigned": _none,
    "signed with the public key": _symmetric,
    "without our claims": lambda c: jwt.encode(
        {name: c[name] for name in ("iss", "sub", "aud", "iat", "exp")}, minter().key, algorithm="EdDSA", headers={"kid": "test"}
    ),
    "cut": lambda _: minter().mint(Principal("warga-1", "citizen"), "test")[:-6],
    "nonsense": lambda _: "a.b.c",
    "empty": lambda _: " ",
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
def test_refuses_a_token_that_is(forgery):
    now = int(clock.now().timestamp())
    claims = {"iss": "gateway", "sub": "warga-1", "aud": "test", "iat": now, "exp": now + 60, "kind": "citizen",
              "roles": [], "areas": [], "loa": 2, "name": "", "ext": {}}  # fmt: skip
    server = rpc.Server([served(OpenCharter())], verifier("test"))
    upstream = rpc.Upstream(f"127.0.0.1:{server.start()}", "test", token=lambda _: forgery(claims))
    try:
        stub = upstream.stub(charter_pb2_grpc.CharterStub)
        assert refusal(stub.GetKind, charter_pb2.GetKindRequest()) == "unauthenticated"
        assert refusal(stub.ListKinds, charter_pb2.ListKindsRequest()) == "unauthenticated"
    finally:
        upstream.close()
        server.stop(0)
