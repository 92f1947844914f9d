"""How each operation of the API is reached with valid data: who calls, the ids of what was made for it, and the body."""

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from callers import notice, sign
from gateway.api.own import OWN
from gateway.api.remote import REMOTE
from world import SCAN, World, new_password, new_phone, pause_is_over, report_form

from deploy.local.demo import Person

OPERATIONS = {operation.name: operation for operation in (*REMOTE, *OWN)}


@dataclass
class Case:
    """How one operation is reached: path parameters, query, body, file; who owns the thing, and what a stranger is told."""

    ids: dict[str, str] = field(default_factory=dict)
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    file: tuple[str, bytes] | None = None
    raw: bytes | None = None  # a body that is signed, with its headers
    headers: dict[str, str] = field(default_factory=dict)
    by: Person | None = None  # the owner, where that is not the usual one of the role
    strange: int = 404


Make = Callable[[World], Case]


def _verified(w: World) -> Case:
    registration, code = w.registration()
    return Case({"registration_id": registration}, {"code": code})


def _resent(w: World) -> Case:
    registration, _ = w.registration()
    pause_is_over(w.running, registration)
    return Case({"registration_id": registration}, {})


def _refresh(w: World) -> Case:
    return Case(body={"refresh_token": w.tokens()["refresh_token"]})


def _new_password(w: World) -> Case:
    _, who = w.newcomer()
    begun, code = w.coded(
        who["phone"], lambda: w.nobody.call("POST", "/auth/password-resets", {"identifier": who["nik"]}, expect=202)
    )
    return Case({"registration_id": begun["registration_id"]}, {"code": code, "password": new_password()})


def _phone_change(w: World) -> Case:
    _, who = w.newcomer()
    return Case(body={name: who[name] for name in ("nik", "kk", "birth_date")} | {"new_phone": new_phone()})


def _phone_changed(w: World) -> Case:
    body = _phone_change(w).body
    begun, code = w.coded(body["new_phone"], lambda: w.nobody.call("POST", "/auth/phone-changes", body, expect=202))
    return Case({"registration_id": begun["registration_id"]}, {"code": code})


def _guest(w: World) -> Case:
    phone = new_phone()
    begun, code = w.coded(phone, lambda: w.nobody.call("POST", "/auth/guests/codes", {"phone": phone}, expect=202))
    return Case(body={"registration_id": begun["registration_id"], "code": code})


def _callback(w: World) -> Case:
    payment = w.payment()
    body = notice(payment["payment_id"], payment["amount"])
    secret = w.running.platform.services["twuin"]["TWUIN_PROVIDER_SECRET"]
    signed = sign(secret, uuid.uuid4().hex, str(int(time.time())), body)
    return Case({"provider": "local"}, raw=body, headers={"Content-Type": "application/json"} | signed)


def _verify(w: World) -> Case:
    return Case({"code": w.a.call("GET", f"/letters/{w.ids['letter_id']}")["code"]})


def _upload(w: World) -> Case:
    case = _verify(w)
    case.body, case.file = {}, ("surat.pdf", w.a.call("GET", f"/letters/{w.ids['letter_id']}/pdf"))
    return case


NOBODY: dict[str, Make] = {
    "charter_listKinds": lambda _: Case(),
    "charter_getKind": lambda _: Case({"code": "domisili"}),
    "letters_verify": _verify,
    "letters_verifyUpload": _upload,
    "letters_downloadByCode": _verify,
    "complaints_listCategories": lambda _: Case(),
    "complaints_listPublic": lambda _: Case(),
    "complaints_getPublic": lambda w: Case({"number": w.number_of(w.a)}),
    "network_listZones": lambda _: Case(),
    "tariffs_list": lambda _: Case(),
    "tariffs_calculate": lambda _: Case(query={"group": "IIIA", "volume": "25"}),
    "register": lambda w: Case(body=w.stranger_form()),
    "register_resend": _resent,
    "register_verify": _verified,
    "tokens_issue": lambda w: Case(body={"identifier": w.who["nik"], "password": w.who["password"]}),
    "tokens_issue_staff": lambda w: Case(body=w.staff_credentials("admin")),
    "tokens_refresh": _refresh,
    "tokens_revoke": _refresh,
    "password_reset": lambda w: Case(body={"identifier": w.newcomer()[1]["nik"]}),
    "password_reset_finish": _new_password,
    "phone_change": _phone_change,
    "phone_change_confirm": _phone_changed,
    "guest_code": lambda _: Case(body={"phone": new_phone()}),
    "guest_token": _guest,
    "payments_callback": _callback,
    "demo_messages": lambda w: Case(query={"to": w.who["phone"]}),
}


def _email_proof(w: World) -> Case:
    address = f"{secrets.token_hex(4)}@malang.example"
    proof, code = w.coded(address, lambda: w.a.call("POST", "/me/email", {"email": address}, expect=202))
    return Case({"proof_id": proof["proof_id"]}, {"code": code}, strange=422)  # as a wrong code is


def _phone_proof(w: World) -> Case:
    connection = next(w.unlinked)
    body = {"connection_number": connection["number"]}
    proof, code = w.coded(connection["phone"], lambda: w.a.call("POST", "/connections/phone-proofs", body, expect=201))
    return Case({"proof_id": proof["proof_id"]}, {"code": code})


def _meter(w: World) -> Case:
    connection = next(w.unlinked)
    body = {name: connection[name] for name in ("meter_serial", "last_bill_amount")} | {"connection_number": connection["number"]}
    return Case(body=body)


def _password(w: World) -> Case:
    person, who = w.newcomer()
    return Case(body={"present": who["password"], "new": new_password()}, by=person)


def _followed(w: World) -> Case:
    number = w.number_of(w.b)
    w.a.call("POST", f"/complaints/public/{number}/follow", {})
    return Case({"number": number})


CITIZEN: dict[str, Make] = {
    "applications_listMine": lambda _: Case(),
    "applications_saveDraft": lambda w: Case(body={"kind": "domisili", "fields": w.fields}),
    "applications_get": lambda w: Case({"application_id": w.draft()}),
    "applications_updateDraft": lambda w: Case({"application_id": w.draft()}, {"kind": "domisili", "fields": {}}),
    "applications_discardDraft": lambda w: Case({"application_id": w.draft()}),
    "applications_addAttachment": lambda w: Case({"application_id": w.draft()}, {"requirement": w.kind["requirements"][0]["code"]}, file=SCAN),
    "applications_getAttachment": lambda w: Case(w.attached()),
    "applications_removeAttachment": lambda w: Case(w.attached()),
    "applications_submit": lambda w: Case({"application_id": w.ready()}, {}),
    "applications_withdraw": lambda w: Case({"application_id": w.submitted()}, {"reason": "Tidak jadi"}),
    "letters_listMine": lambda _: Case(),
    "letters_get": lambda w: Case({"letter_id": w.ids["letter_id"]}),
    "letters_download": lambda w: Case({"letter_id": w.ids["letter_id"]}),
    "complaints_listMine": lambda _: Case(),
    "complaints_listFollowed": lambda _: Case(),
    "complaints_file": lambda _: Case(body=report_form()),
    "complaints_follow": lambda w: Case({"number": w.number_of(w.b)}, {}),
    "complaints_unfollow": _followed,
    "complaints_get": lambda w: Case({"complaint_id": w.report()}),
    "complaints_getPhoto": lambda w: Case(w.photographed(w.report())),
    "complaints_withdraw": lambda w: Case({"complaint_id": w.report()}, {"reason": "Sudah baik lagi"}),
    "complaints_reopen": lambda w: Case({"complaint_id": w.resolved()}, {"reason": "Lubangnya muncul lagi"}),
    "complaints_rate": lambda w: Case({"complaint_id": w.resolved()}, {"rating": 4, "text": ""}),
    "connections_listMine": lambda _: Case(),
    "connections_get": lambda w: Case({"connection_id": w.ids["connection_id"]}),
    "connections_linkByMeter": _meter,
    "connections_beginPhoneProof": lambda w: Case(body={"connection_number": next(w.unlinked)["number"]}),
    "connections_linkByPhone": _phone_proof,
    "connections_unlink": lambda w: Case({"connection_id": w.link()["connection_id"]}),
    "metering_usage": lambda w: Case({"connection_id": w.ids["connection_id"]}),
    "billing_listBills": lambda w: Case(query={"connection_id": w.ids["connection_id"]}),
    "billing_getBill": lambda w: Case({"bill_id": w.bill()}),
    "payments_listMine": lambda _: Case(),
    "payments_start": lambda w: Case(body={"bill_ids": [w.bill()], "channel": "qris"}),
    "payments_get": lambda w: Case({"payment_id": w.ids["paid"]}),
    "payments_cancel": lambda w: Case({"payment_id": w.payment()["payment_id"]}, {}),
    "payments_receipt": lambda w: Case({"payment_id": w.ids["paid"]}),
    "demo_bank": lambda w: Case(body={"va_number": w.payment()["va_number"]}),
    "new_connections_listProofs": lambda _: Case(),
    "new_connections_listMine": lambda _: Case(),
    "new_connections_apply": lambda w: Case(body=w.first_of_all()),  # with A's letter: B is told that there is none
    "new_connections_get": lambda w: Case({"application_id": w.applied()}),
    "new_connections_getDocument": lambda w: Case(w.paper()),
    "new_connections_withdraw": lambda w: Case({"application_id": w.applied()}, {"reason": "Tidak jadi"}),
    "new_connections_replaceProof": lambda w: Case({"application_id": w.applied()}, {"letter_id": w.ids["letter_id"]}),
    "me": lambda _: Case(),
    "me_language": lambda _: Case(body={"language": "id"}),
    "me_password": _password,
    "me_sessions": lambda _: Case(),
    "me_session_end": lambda w: Case({"session_id": w.other_session()}),
    "me_sessions_end": lambda _: Case(body={}),
    "me_access_log": lambda _: Case(),
    "me_export": lambda _: Case(),
    "me_notices": lambda _: Case(),
    "me_notices_unread": lambda _: Case(),
    "me_notice_read": lambda w: Case({"notice_id": w.a.call("GET", "/me/notices")["notices"][-1]["notice_id"]}, {}),
    "me_errands": lambda _: Case(),
    "me_preferences": lambda _: Case(),
    "me_preferences_set": lambda _: Case(body={"bills": "sms"}),
    "me_email": lambda _: Case(body={"email": f"{secrets.token_hex(4)}@malang.example"}),
    "me_email_verify": _email_proof,
    "me_email_forget": lambda _: Case(),
}  # fmt: skip


def _scan(w: World) -> Case:
    application = w.submitted()
    attachment = w.a.call("GET", f"/applications/{application}")["attachments"][0]["attachment_id"]
    return Case({"application_id": application, "attachment_id": attachment}, query={"purpose": "check"})


_REASONS = [{"field": "", "text": "Foto KTP tidak terbaca"}]
OFFICER: dict[str, Make] = {
    "applications_queue": lambda _: Case(),
    "applications_open": lambda w: Case({"application_id": w.submitted()}, query={"purpose": "check"}),
    "applications_openAttachment": _scan,
    "applications_claim": lambda w: Case({"application_id": w.submitted()}, {}),
    "applications_release": lambda w: Case({"application_id": w.claimed()}, {}),
    "applications_return": lambda w: Case({"application_id": w.claimed()}, {"reasons": _REASONS}),
    "applications_approve": lambda w: Case({"application_id": w.claimed()}, {}),
    "applications_refuse": lambda w: Case({"application_id": w.claimed()}, {"reason": "Bukan warga kelurahan ini"}),
    "complaints_queue": lambda _: Case(),
    "complaints_open": lambda w: Case({"complaint_id": w.report()}, query={"purpose": "complaint"}),
    "complaints_openPhoto": lambda w: Case(w.photographed(w.report()), query={"purpose": "complaint"}),
    "complaints_assign": lambda w: Case({"complaint_id": w.report()}, {}),
    "complaints_answer": lambda w: Case({"complaint_id": w.assigned()}, {"text": "Akan kami lihat besok pagi."}),
    "complaints_resolve": lambda w: Case({"complaint_id": w.assigned()}, {"text": "Sudah ditambal kemarin."}),
    "complaints_refuse": lambda w: Case({"complaint_id": w.report()}, {"reason": "Bukan kewenangan kelurahan."}),
}
LURAH: dict[str, Make] = {
    "applications_sign": lambda w: Case({"application_id": w.approved()}, {}),
    "letters_register": lambda _: Case(),
    "letters_revoke": lambda w: Case({"letter_id": w.signed()}, {"reason": "Alamatnya ternyata keliru."}),
}


def _opened(w: World, **query: str) -> Case:
    number = next(each["number"] for each in w.signins["connections"])
    return Case({"connection_number": number}, query=query)


CUSTOMER_SERVICE: dict[str, Make] = {
    "connections_find": lambda w: Case(query={"query": w.signins["connections"][0]["number"]}),
    "connections_open": lambda w: Case({"connection_id": w.ids["connection_id"]}, query={"purpose": "customer_service"}),
    "billing_openBills": lambda w: _opened(w, purpose="customer_service"),
    "metering_listReadings": lambda w: _opened(w, months="3"),
    "new_connections_queue": lambda _: Case(),
    "new_connections_open": lambda w: Case(w.paper(), query={"purpose": "check"}),
    "new_connections_openDocument": lambda w: Case(w.paper(), query={"purpose": "check"}),
    "new_connections_check": lambda w: Case({"application_id": w.applied()}, {"note": ""}),
    "new_connections_refuse": lambda w: Case({"application_id": w.applied()}, {"reason": "documents", "text": "Fotonya tidak terbaca."}),
}  # fmt: skip


def _meter_change(w: World) -> Case:
    shown = w.reading(w.signins["connections"][1])
    new = {"new_serial": f"MTR-{uuid.uuid4().hex[:10].upper()}", "initial_value": 0, "digits": 5}
    number, value, day = shown["connection_number"], shown["value"], shown["read_on"]
    return Case(body={"connection_number": number, "final_value": value, "replaced_on": day} | new)


def _run(w: World) -> Case:
    operator = w.staff["operator"]
    return Case({"run_id": operator.call("GET", "/water/runs")["runs"][0]["run_id"]})


def _order(w: World) -> Case:
    ids, crew = w.work_order()
    return Case(ids, {"crew": crew.call("GET", f"/crew/work-orders/{ids['work_order_id']}")["crew"]})


OPERATOR: dict[str, Make] = {
    "metering_enterReading": lambda w: Case(body=w.reading(next(w.unread))),
    "metering_previewReadings": lambda w: Case(body={}, file=w.readings()),
    "metering_getReadingsPreview": lambda w: Case({"preview_id": w.preview()}),
    "metering_importReadings": lambda w: Case({"preview_id": w.preview()}, {}),
    "metering_replaceMeter": _meter_change,
    "billing_listRuns": lambda _: Case(),
    "billing_startRun": lambda w: Case(body=w.idle_run()),
    "billing_getRun": _run,
    "network_listMains": lambda _: Case(),
    "leaks_board": lambda _: Case(),
    "leaks_get": lambda w: Case(w.leak()),
    "leaks_getPhoto": lambda w: Case(w.leak()),
    "work_orders_list": lambda _: Case(),
    "work_orders_open": lambda w: Case(w.work_order()[0]),
    "work_orders_assignCrew": _order,
    "work_orders_listCrews": lambda _: Case(),
}


def _work(until: str, body: Any = None, file: tuple[str, bytes] | None = None) -> Make:
    def make(w: World) -> Case:
        ids, crew = w.work_order(until)
        return Case(ids, body, file=file, by=crew)

    return make


CREW: dict[str, Make] = {  # in the order of the work
    "work_orders_listMine": lambda w: Case(by=w.crews[0]),
    "work_orders_get": _work("accept"),
    "work_orders_accept": _work("accept", {}),
    "work_orders_arrive": _work("arrive", {"latitude": 0, "longitude": 0}),
    "work_orders_addPhoto": _work("photos", {}, SCAN),
    "work_orders_getPhoto": _work("materials"),
    "work_orders_setMaterials": _work("materials", {"materials": []}),
    "work_orders_complete": _work("complete", {"outcome": "repaired", "note": ""}),
}

ADMIN: dict[str, Make] = {
    "platform_status": lambda _: Case(),
    "platform_listDeadLetters": lambda _: Case({"service": "twuin"}),
    "platform_redrive": lambda _: Case({"service": "twuin"}, {"reason": "Sebabnya sudah hilang."}),
}

CALLS: dict[str, dict[str, Make]] = {
    "admin": ADMIN,
    "nobody": NOBODY, "citizen": CITIZEN, "officer": OFFICER, "lurah": LURAH, "water_cs": CUSTOMER_SERVICE, "operator": OPERATOR, "crew": CREW,
}  # fmt: skip
ROLE = {name: role for role, table in CALLS.items() for name in table}


def case_of(world: World, name: str) -> Case:
    """Return a valid call of an operation, with the things made that it needs."""
    world.stay_signed_in()
    case = CALLS[ROLE[name]][name](world)
    case.by = case.by or {"nobody": world.nobody, "citizen": world.a, **world.staff}[ROLE[name]]
    return case
