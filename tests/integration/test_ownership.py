"""Over every route and RPC: with the same id the owner gets 2xx and citizen B is told that there is no such thing.

The tables of the API are walked, so a new route fails here until it says how it is reached. Every RPC is either one row
of those tables or named below with the test that holds it.
"""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from gateway.api import openapi
from gateway.api.remote import REMOTE
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from owners import OPERATIONS, Case, World, paper, reach, world

from deploy.local import demo
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
}


def cases(w: World) -> dict[str, Any]:
    """Return, by operation, how a thing of A is reached by its id."""
    application = lambda make, **more: lambda: Case({"application_id": make()}, **more)  # noqa: E731 - a table of one-liners
    return {
        "applications_get": application(w.draft),
        "applications_updateDraft": application(w.draft, body={"kind": "domisili", "fields": {}}),
        "applications_discardDraft": application(w.draft),
        "applications_addAttachment": application(w.draft, body={"requirement": w.kind["requirements"][0]["code"]}, file=True),
        "applications_getAttachment": lambda: attached(w),
        "applications_removeAttachment": lambda: attached(w),
        "applications_submit": application(w.ready, body={}),
        "applications_withdraw": application(w.submitted, body={"reason": "Tidak jadi"}),
        "letters_get": lambda: Case({"letter_id": w.ids["letter_id"]}),
        "letters_download": lambda: Case({"letter_id": w.ids["letter_id"]}),
        "connections_get": lambda: Case({"connection_id": w.ids["connection_id"]}),
        "metering_usage": lambda: Case({"connection_id": w.ids["connection_id"]}),
        "billing_listBills": lambda: Case({}, query=f"?connection_id={w.ids['connection_id']}"),
        "billing_getBill": lambda: Case({"bill_id": w.bill()}),
        "payments_start": lambda: Case({}, body={"bill_ids": [w.bill()], "channel": "qris"}),
        "payments_get": lambda: Case({"payment_id": w.ids["paid"]}),
        "payments_cancel": lambda: Case({"payment_id": w.payment()}, body={}),
        "payments_receipt": lambda: Case({"payment_id": w.ids["paid"]}),
        "me_session_end": lambda: Case({"session_id": other_session(w)}),
        "me_notice_read": lambda: Case({"notice_id": w.a.call("GET", "/me/notices")["notices"][-1]["notice_id"]}, body={}),
        "complaints_get": lambda: Case({"complaint_id": w.report()}),
        "complaints_getPhoto": lambda: photo(w),
        "complaints_withdraw": lambda: Case({"complaint_id": w.report()}, body={"reason": "Sudah baik lagi"}),
        "complaints_reopen": lambda: Case({"complaint_id": w.resolved()}, body={"reason": "Lubangnya muncul lagi"}),
        "complaints_rate": lambda: Case({"complaint_id": w.resolved()}, body={"rating": 4, "text": ""}),
        "new_connections_apply": lambda: first_of_all(w),
        "new_connections_get": lambda: Case({"application_id": w.applied()}),
        "new_connections_getDocument": lambda: paper(w),
        "new_connections_withdraw": lambda: Case({"application_id": w.applied()}, body={"reason": "Tidak jadi"}),
        "new_connections_replaceProof": lambda: Case({"application_id": w.applied()}, body={"letter_id": w.ids["letter_id"]}),
        "me_email_verify": lambda: email_proof(w),
        "connections_linkByPhone": lambda: phone_proof(w),
        "connections_unlink": lambda: Case({"connection_id": w.ids["connection_id"]}),  # last: A has no connection after it
    }


# Citizens' operations that reach nothing by an id of somebody: what they answer is found by who asks.
BY_CALLER = {
    "applications_listMine", "applications_saveDraft", "letters_listMine", "connections_listMine", "connections_linkByMeter",
    "payments_listMine", "connections_beginPhoneProof", "me", "me_language", "me_password", "me_sessions", "me_sessions_end",
    "complaints_file", "complaints_listMine", "complaints_listFollowed", "complaints_follow", "complaints_unfollow",  # by public number
    "new_connections_listProofs", "new_connections_listMine", "me_errands", "me_preferences", "me_preferences_set", "me_email",
    "me_email_forget", "demo_bank", "me_access_log", "me_export", "me_notices", "me_notices_unread",
}  # fmt: skip


def attached(w):
    draft = w.draft()
    return Case({"application_id": draft, "attachment_id": w.attach(draft, w.kind["requirements"][0]["code"])})


def photo(w):
    complaint = w.report()
    return Case({"complaint_id": complaint, "photo_id": w.photo_of(complaint)})


def first_of_all(w):
    w.unapplied()
    return Case({}, body=w.wanted())  # with A's letter: B is told that there is none


def email_proof(w):
    address = f"{secrets.token_hex(4)}@malang.example"
    proof = w.a.call("POST", "/me/email", {"email": address}, expect=202)
    code = demo.code_sent_to(w.a, address, 0)
    return Case({"proof_id": proof["proof_id"]}, body={"code": code}, strange=422)  # as a wrong code is


def other_session(w):
    return next(s["session_id"] for s in w.a.call("GET", "/me/sessions")["sessions"] if not s["current"])


def phone_proof(w):
    phone = next(c["phone"] for c in w.signins["connections"] if c["number"] == w.ids["connection_number"])
    w.a.call("DELETE", f"/connections/{w.ids['connection_id']}")
    before = demo.count_messages(w.a, phone)
    proof = w.a.call("POST", "/connections/phone-proofs", {"connection_number": w.ids["connection_number"]}, expect=201)
    return Case({"proof_id": proof["proof_id"]}, body={"code": demo.code_sent_to(w.a, phone, before)})


CITIZEN_OPERATIONS = [name for name, op in OPERATIONS.items() if op.who in {"citizen", "reporter", "signed_in"}]


def test_every_citizen_operation_is_owned_and_none_is_unlisted(world):
    table = cases(world)
    assert set(CITIZEN_OPERATIONS) == set(table) | BY_CALLER
    Person(world.url).call("POST", "/auth/tokens", {"identifier": world.who["nik"], "password": world.who["password"]})
    for name, make in table.items():
        case = make()
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


OFFICE = {
    "applications_open": ("submitted", "?purpose=check", None),
    "applications_claim": ("submitted", "", {}),
    "applications_release": ("claimed", "", {}),
    "applications_return": ("claimed", "", {"reasons": [{"field": "", "text": "Foto KTP tidak terbaca"}]}),
    "applications_approve": ("claimed", "", {}),
    "applications_refuse": ("claimed", "", {"reason": "Bukan warga kelurahan ini"}),
}


@pytest.mark.parametrize("name", OFFICE)
def test_an_officer_of_another_kelurahan_finds_nothing_and_a_citizen_is_not_allowed(world, name):
    state, query, body = OFFICE[name]
    case = Case({"application_id": getattr(world, state)()}, body=body, query=query)
    reach(world.stranger, name, case, 404)
    reach(world.b, name, case, 403)
    reach(world.staff["officer"], name, case, 200)


def test_only_the_lurah_of_the_kelurahan_signs(world):
    case = Case({"application_id": world.approved()}, body={})
    reach(world.b, "applications_sign", case, 403)
    reach(world.staff["officer"], "applications_sign", case, 403)
    reach(world.staff["lurah"], "applications_sign", case, 200)


def test_every_staff_operation_refuses_citizens(world):
    for name, operation in OPERATIONS.items():
        if operation.who == "staff":
            path = operation.path
            for parameter in openapi.parameters(path):
                path = path.replace(f"{{{parameter}}}", "00000000-0000-4000-8000-000000000000")
            body = None if operation.method == "GET" else {}
            file = ("a.csv", b"x") if getattr(operation, "body", "") == "file" else None
            assert world.b.call(operation.method, path, body, expect=403, file=file)["status"] == 403, name


def test_every_operation_that_needs_a_person_refuses_nobody(world):
    nobody = Person(world.url)
    for operation in OPERATIONS.values():
        if operation.who != "anyone":
            path = operation.path
            for parameter in openapi.parameters(path):
                path = path.replace(f"{{{parameter}}}", "00000000-0000-4000-8000-000000000000")
            nobody.call(operation.method, path, None if operation.method == "GET" else {}, expect=401)


def test_every_rpc_is_a_route_or_named_here():
    files = FileDescriptorSet.FromString((ROOT / "libs/malang/src/malang/descriptors.binpb").read_bytes()).file
    rpcs = {f"{f.package}.{s.name}/{m.name}" for f in files for s in f.service for m in s.method}
    assert rpcs == {remote.full_rpc for remote in REMOTE} | set(ELSEWHERE)
