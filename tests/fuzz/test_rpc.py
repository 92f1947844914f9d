"""Any message to any method that reflection lists, as anybody: never INTERNAL or UNKNOWN, never another person's data."""

from collections import Counter

import city as cities
import grpc
import messages
import pytest
from chassis import testing
from chassis.principal import Principal
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from hypothesis import HealthCheck, Phase, given, seed, settings

SERVICES = ("singo", "twuin")
STAFF = ("officer", "lurah", "water_cs", "cashier", "crew", "operator", "admin")
BROKEN = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNIMPLEMENTED}


def callers(city: cities.City) -> dict[str, Principal | None]:
    """Return everybody who might call: owner, another citizen, a guest, each role of staff in all areas and in none, a peer."""
    other = "11111111-1111-4111-8111-111111111111"
    staff = {role: Principal(f"staff-{role}", "staff", frozenset({role}), frozenset({"*"}), 2, "Uji", {"office": "Regu Utara"})
             for role in STAFF}  # fmt: skip
    return {
        "nobody": None,
        "citizen": Principal(city.subjects["citizen"], "citizen", loa=2),
        "other": Principal(other, "citizen", loa=2),
        "guest": Principal("22222222-2222-4222-8222-222222222222", "guest"),
        "placeless": Principal("staff-x", "staff", frozenset({"officer", "lurah"}), frozenset(), 2, "Uji"),
        "gateway": Principal("gateway", "workload"),
        **staff,
    }


def methods(channel: grpc.Channel) -> dict[str, object]:
    """Return the methods of ours that reflection shows, by path."""
    database = ProtoReflectionDescriptorDatabase(channel)
    pool = DescriptorPool(database)
    found = {}
    for name in database.get_services():
        if name.startswith("malang."):
            for method in pool.FindServiceByName(name).methods:
                found[f"/{name}/{method.name}"] = method
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_method_answers_any_message_without_a_server_error(city, service):
    channel = grpc.insecure_channel(city.target(service))
    listed, who = methods(channel), callers(city)
    assert len(listed) > 15
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    admitted = [
        (path, role)
        for path in sorted(listed)
        for role in who
        if probe(channel, (path, listed[path]), (service, who[role]), counts)
    ]
    assert len(admitted) > len(listed) // 2
    each = max(2, cities.CASES // 2 // len(admitted))
    for path, role in admitted:
        call(city, channel, (path, listed[path]), (service, role, who[role]), (each, counts, wrong))
    print(f"\n{service}: {sum(counts.values())} calls of {len(listed)} methods: {dict(counts.most_common())}")
    assert wrong == []
    assert counts["OK"] > 0


def sender(channel, at, by):
    """Return what sends a message to a method as somebody."""
    (path, method), (service, principal) = at, by
    answer = GetMessageClass(method.output_type)
    send = channel.unary_unary(path, lambda message: message.SerializeToString(), answer.FromString)
    token = testing.minter().mint(principal, service) if principal else ""
    metadata = [("authorization", f"Bearer {token}")] if token else []
    return lambda request: send(request, timeout=30, metadata=metadata)


def probe(channel, at, by, counts):
    """Tell whether the method's rule admits the caller at all; that does not depend on the message."""
    try:
        sender(channel, at, by)(GetMessageClass(at[1].input_type)())
    except grpc.RpcError as refused:
        counts[refused.code().name] += 1
        return refused.code() not in {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED}
    counts["OK"] += 1
    return True


def call(city, channel, at, by, into):
    (path, method), (service, role, principal), (each, counts, wrong) = at, by, into

    @seed(2026)
    @settings(max_examples=each, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(request=messages.of(method.input_type, city.ids))
    def one(request):
        try:
            said = sender(channel, at, (service, principal))(request)
        except grpc.RpcError as refused:
            counts[refused.code().name] += 1
            if refused.code() in BROKEN:
                wrong.append(f"{path} as {role}: {refused.code().name} {refused.details()} for {request!r}"[:600])
            return
        counts["OK"] += 1
        leaked = [secret for secret in city.secrets if secret in str(said) and secret not in str(request)]
        if role in {"nobody", "other", "guest", "placeless"} and leaked:
            wrong.append(f"{path} shows {role} data of another person")

    one()


@pytest.mark.parametrize("service", SERVICES)
def test_bytes_that_are_no_message_are_refused(city, service):
    channel = grpc.insecure_channel(city.target(service))
    token = testing.minter().mint(callers(city)["citizen"], service)
    for path in sorted(methods(channel)):
        send = channel.unary_unary(path, lambda given: given, lambda given: given)
        with pytest.raises(grpc.RpcError) as refused:
            send(b"\xff\xff\xff\xff garbage", timeout=20, metadata=[("authorization", f"Bearer {token}")])
        # the library itself refuses what it cannot read, before any of our code runs
        assert refused.value.code() in {
            grpc.StatusCode.INTERNAL,
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.PERMISSION_DENIED,
        }
