"""Any message to any method that reflection lists, as anybody: never INTERNAL or UNKNOWN, never another person's data.

Every other message is a valid one of which up to two fields are generated, aimed at a thing that was made for it, so that
every method is also reached with valid data.
"""

import math
from dataclasses import dataclass
from typing import Any

import city as cities
import grpc
import messages
import pytest
from chassis import testing
from chassis.principal import Principal
from city import STAFF, Score, owned
from elsewhere import ELSEWHERE
from gateway.demo import STAFF as EMPLOYED
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from hypothesis import strategies as st
from messages import NAMED
from valid import ROLE
from world import World, subject

from deploy.local.demo import Person

SERVICES = ("singo", "twuin")
BROKEN = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNIMPLEMENTED}


def callers(city: cities.City) -> dict[str, Principal | None]:
    """Return everybody who might call: owner, another citizen, a guest, each role of staff in all areas and in none, a peer."""
    staff = {role: principal_of(city.world, city.people[role]) for role in STAFF}
    return {
        "nobody": None,
        "citizen": principal_of(city.world, city.world.a),
        "other": Principal("11111111-1111-4111-8111-111111111111", "citizen", loa=2),
        "guest": Principal("22222222-2222-4222-8222-222222222222", "guest"),
        "placeless": Principal("staff-x", "staff", frozenset({"officer", "lurah"}), frozenset(), 2, "Uji"),
        "gateway": Principal("gateway", "workload"),
        "twuin": Principal("twuin", "workload"),
        **staff,
    }


def principal_of(world: World, person: Person) -> Principal | None:
    """Return the principal that the gateway makes of somebody."""
    if not person.token:
        return None
    crews = [entry for entry in EMPLOYED if entry[0] == "crew"]
    first = {entry[0]: entry for entry in reversed(EMPLOYED)}
    for member, entry in [*zip(world.crews, crews, strict=True), *((world.staff[role], first[role]) for role in world.staff)]:
        if member is person:
            role, _, name, areas, office = entry
            return Principal(subject(person), "staff", frozenset({role}), frozenset(areas), 2, name, {"office": office})
    return Principal(subject(person), "citizen", loa=2)


@dataclass
class Method:
    """A method as reflection shows it, and how it is called."""

    channel: grpc.Channel
    service: str
    path: str
    described: Any

    @property
    def request(self) -> type[Message]:
        return GetMessageClass(self.described.input_type)

    def __call__(self, request: Message, principal: Principal | None) -> Message:
        """Send a message as somebody; RpcError when it is refused."""
        answer = GetMessageClass(self.described.output_type)
        send = self.channel.unary_unary(self.path, lambda message: message.SerializeToString(), answer.FromString)
        token = testing.minter().mint(principal, self.service) if principal else ""
        return send(request, timeout=30, metadata=[("authorization", f"Bearer {token}")] if token else [])


def methods(channel: grpc.Channel, service: str) -> dict[str, Method]:
    """Return the methods of ours that reflection shows, by path."""
    database = ProtoReflectionDescriptorDatabase(channel)
    pool = DescriptorPool(database)
    found = {}
    for name in database.get_services():
        if name.startswith("malang."):
            for method in pool.FindServiceByName(name).methods:
                path = f"/{name}/{method.name}"
                found[path] = Method(channel, service, path, method)
    return found


class Target:
    """A valid message to a method and who sends it, made anew when it was used up."""

    def __init__(self, city: cities.City, method: Method, methods: dict[str, Method]) -> None:
        self.city, self.method, self.methods, self.left = city, method, methods, 2
        self.role = ELSEWHERE[method.path][0] if method.path in ELSEWHERE else ROLE[NAMED[method.path]]
        self.make()

    def make(self) -> None:
        city, path = self.city, self.method.path
        if path in ELSEWHERE:
            self.principal, made = callers(city)[self.role], ELSEWHERE[path][1](city, self.methods)
        else:
            case = city.stage(NAMED[path])
            self.principal, made = principal_of(city.world, case.by), messages.valid(city.world, NAMED[path], case)
        self.message = self.method.request.FromString(made.SerializeToString())

    def used_up(self) -> None:
        if self.left:
            self.left -= 1
            self.make()


@pytest.mark.parametrize("service", SERVICES)
def test_every_method_answers_any_message_without_a_server_error(city, service):
    """Prints how often each method and each role was answered OK and otherwise."""
    listed = methods(grpc.insecure_channel(city.target(service)), service)
    assert len(listed) > 40
    score = Score()
    try:
        attack(city, listed, score)
    finally:
        print(score.table(f"gRPC, {service}", "OK"))
    assert score.wrong == []
    assert score.unreached("OK") == []
    assert score.total >= cities.CASES // 2


def attack(city, listed, score):
    targets = [reach(city, Target(city, method, listed), score) for method in listed.values()]
    who = callers(city)
    admitted = {
        (path, role)
        for path, method in listed.items()
        for role in who
        if send(city, score, (method, role, who[role]), method.request()) not in {"PERMISSION_DENIED", "UNAUTHENTICATED"}
    }
    each = max(2, math.ceil((cities.CASES / 2 - score.total) / len(admitted)))
    for target in targets:
        target.make()
        for role in who:
            if (target.method.path, role) in admitted:
                fire(city, target, role, each, score)


def reach(city, target, score):
    """Send the valid message, before what the next one needs is made; once more where a busy machine was in the way."""
    if send(city, score, (target.method, target.role, target.principal), target.message) != "OK":
        target.make()
        send(city, score, (target.method, target.role, target.principal), target.message)
    return target


def fire(city, target, role, each, score):
    """Send messages as a role: one valid but for up to two fields, one generated, in turn."""
    described, usual = target.method.described, role == target.role
    names = [field.name for field in described.input_type.fields] or ["nothing"]
    shots = st.tuples(messages.of(described.input_type, city.ids), st.sets(st.sampled_from(names), max_size=2))
    for place, (made, kept) in enumerate(cities.drawn(shots, each)):
        if place % 2:
            send(city, score, (target.method, role, callers(city)[role]), made)
            continue
        at = target.method, role, target.principal if usual else callers(city)[role]
        aimed = not any(name.endswith("_id") for name in kept)  # without its id it is another thing, or a new one
        outcome = send(city, score, at, messages.mixed(target.message, made, kept), at_a_thing=aimed)
        if usual and outcome == "OK" and not described.name.startswith(("Get", "List")):
            target.used_up()


def send(city, score, at, request, *, at_a_thing=False):
    """Send a message; note a server error, and data or a thing of somebody else. Return the outcome."""
    method, role, principal = at
    try:
        said = method(request, principal)
    except grpc.RpcError as refused:
        outcome = refused.code().name
        if refused.code() in BROKEN:
            score.wrong.append(f"{method.path} as {role}: {outcome} {refused.details()} for {request!r}"[:600])
        score.count(method.path, role, outcome)
        return outcome
    score.count(method.path, role, "OK")
    if role in {"nobody", "other", "guest", "placeless"}:
        if at_a_thing and method.path in NAMED and owned(NAMED[method.path]):
            score.wrong.append(f"{method.path} as {role} reaches a thing of another person")
        if [secret for secret in city.secrets if secret in str(said) and secret not in str(request)]:
            score.wrong.append(f"{method.path} shows {role} data of another person")
    return "OK"


@pytest.mark.parametrize("service", SERVICES)
def test_bytes_that_are_no_message_are_refused(city, service):
    channel = grpc.insecure_channel(city.target(service))
    token = testing.minter().mint(callers(city)["citizen"], service)
    for path in sorted(methods(channel, service)):
        send_bytes = channel.unary_unary(path, lambda given: given, lambda given: given)
        with pytest.raises(grpc.RpcError) as refused:
            send_bytes(b"\xff\xff\xff\xff garbage", timeout=20, metadata=[("authorization", f"Bearer {token}")])
        # the library itself refuses what it cannot read, before any of our code runs
        assert refused.value.code() in {
            grpc.StatusCode.INTERNAL,
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.PERMISSION_DENIED,
        }
