"""Over every route and RPC: with the same id the owner gets 2xx and citizen B is told that there is no such thing.

The tables of the API are walked, so a new route fails here until it says how it is reached (valid.py). Every RPC is either
one row of those tables or named below with the test that holds it.
"""

import json
from pathlib import Path

import pytest
from gateway.api.remote import REMOTE
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from owners import anything, reach, world
from valid import OPERATIONS, ROLE, case_of

from deploy.local.demo import Person

__all__ = ["world"]  # a fixture
ROOT = Path(__file__).resolve().parents[2]
# RPCs that are not one row of the table: what holds each to its owner.
ELSEWHERE = {
    "malang.twuin.v1.Payments/Callback": "authorised by its signature: test_payments.py",
    "malang.singo.v1.Complaints/FetchPhoto": "for twuin's own workload only: services/singo/tests/complaints",
    "malang.twuin.v1.Payments/SimulatePayment": "the demo's bank: any citizen who has the number may pay",
    "malang.twuin.v1.Connections/BeginPhoneProof": "answers alike for every number: connections_beginPhoneProof",
    "malang.twuin.v1.Connections/TakePhoneProofDelivery": "for the gateway's own token only: services/twuin/tests/connections",
    **{
        f"malang.platform.v1.Platform/{rpc}": "for admins, of no person's things: services/singo/tests/test_platform.py"
        for rpc in ("GetStatus", "ListDeadLetters", "Redrive")
    },
}


# Citizens' operations that reach nothing by an id of somebody: what they answer is found by who asks.
BY_CALLER = {
    "applications_listMine", "applications_saveDraft", "letters_listMine", "connections_listMine", "connections_linkByMeter",
    "payments_listMine", "connections_beginPhoneProof", "me", "me_language", "me_password", "me_sessions", "me_sessions_end",
    "complaints_file", "complaints_listMine", "complaints_listFollowed", "complaints_follow", "complaints_unfollow",  # by public number
    "new_connections_listProofs", "new_connections_listMine", "me_errands", "me_preferences", "me_preferences_set", "me_email",
    "me_email_forget", "demo_bank", "me_access_log", "me_export", "me_notices", "me_notices_unread",
}  # fmt: skip


CITIZEN_OPERATIONS = {name for name, op in OPERATIONS.items() if op.who in {"citizen", "reporter", "signed_in"}}


def test_every_operation_says_how_it_is_reached():
    assert set(ROLE) == set(OPERATIONS)
    assert BY_CALLER < CITIZEN_OPERATIONS


@pytest.mark.parametrize("name", sorted(CITIZEN_OPERATIONS - BY_CALLER))
def test_every_citizen_operation_is_owned_and_none_is_unlisted(world, name):
    case = case_of(world, name)
    reach(world.b, name, case, case.strange)
    reach(world.a, name, case, OPERATIONS[name].status)


def test_lists_of_b_show_nothing_of_a(world):
    for path, key in (
        ("/applications", "applications"),
        ("/letters", "letters"),
        ("/connections", "connections"),
        ("/bills", "bills"),
        ("/payments", "payments"),
        ("/complaints", "complaints"),
        ("/complaints/followed", "complaints"),
        ("/new-connections", "applications"),
        ("/new-connections/proofs", "proofs"),
        ("/me/errands", "errands"),
    ):
        assert world.b.call("GET", path)[key] == [], path
    mine = json.dumps(world.b.call("GET", "/me/export"))
    assert world.ids["letter_id"] not in mine


OFFICE = (
    "applications_open", "applications_openAttachment", "applications_claim", "applications_release", "applications_return",
    "applications_approve", "applications_refuse",
)  # fmt: skip


@pytest.mark.parametrize("name", OFFICE)
def test_an_officer_of_another_kelurahan_finds_nothing_and_a_citizen_is_not_allowed(world, name):
    case = case_of(world, name)
    reach(world.stranger, name, case, 404)
    reach(world.b, name, case, 403)
    reach(world.staff["officer"], name, case, 200)


def test_only_the_lurah_of_the_kelurahan_signs(world):
    case = case_of(world, "applications_sign")
    reach(world.b, "applications_sign", case, 403)
    reach(world.staff["officer"], "applications_sign", case, 403)
    reach(world.staff["lurah"], "applications_sign", case, 200)


def test_every_staff_operation_refuses_citizens(world):
    for name, operation in OPERATIONS.items():
        if operation.who == "staff":
            path = anything(operation.path)
            body = None if operation.method == "GET" else {}
            file = ("a.csv", b"x") if getattr(operation, "body", "") == "file" else None
            assert world.b.call(operation.method, path, body, expect=403, file=file)["status"] == 403, name


def test_every_operation_that_needs_a_person_refuses_nobody(world):
    nobody = Person(world.url)
    for operation in OPERATIONS.values():
        if operation.who != "anyone":
            path = anything(operation.path)
            nobody.call(operation.method, path, None if operation.method == "GET" else {}, expect=401)


def test_every_rpc_is_a_route_or_named_here():
    files = FileDescriptorSet.FromString((ROOT / "libs/malang/src/malang/descriptors.binpb").read_bytes()).file
    rpcs = {f"{f.package}.{s.name}/{m.name}" for f in files for s in f.service for m in s.method}
    assert rpcs == {remote.full_rpc for remote in REMOTE} | set(ELSEWHERE)
