"""Raw requests to the running platform, and a look into its databases."""

import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import psycopg
import requests

from deploy.local import demo
from deploy.local.demo import Person

SIGNATURE_HEADERS = ("X-Id", "X-Timestamp", "X-Signature")


def ask(person: Person, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
    """Send one request as it is; with no Idempotency-Key unless it is given, `_` in a header's name stands for `-`."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if person.token:
        given.setdefault("Authorization", f"Bearer {person.token}")
    return requests.request(method, f"{person.url}/api/v1{path}", json=body, headers=given, timeout=30)


def rows(running: Any, service: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return what a service's database says; statements that change something count too."""
    with psycopg.connect(running.platform.owner_url(service)) as connection:
        found = connection.execute(sql, values)
        return found.fetchall() if found.description else []


def citizen_of(running: Any, number: int) -> Person:
    """Return a fresh citizen who has linked the demo connection at place `number`."""
    person, _ = demo.register(running.url, running.signins["people"], running.home)
    connection = running.signins["connections"][number]
    body = {name: connection[name] for name in ("meter_serial", "last_bill_amount")} | {"connection_number": connection["number"]}
    person.call("POST", "/connections", body, expect=201)
    return person


def open_bills(person: Person) -> list[str]:
    """Return the ids of the person's open bills, newest first."""
    return [bill["bill_id"] for bill in person.call("GET", "/bills?page_size=100")["bills"] if bill["state"] == "open"]


def sign(secret: str, external_id: str, stamp: str, body: bytes) -> dict[str, str]:
    """Return the headers with which the provider signs a callback."""
    signed = f"{external_id}.{stamp}.".encode() + body
    values = (external_id, stamp, hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest())
    return dict(zip(SIGNATURE_HEADERS, values, strict=True))


def notice(payment_id: str, amount: int, *, paid_at: str = "", request_id: str = "") -> bytes:
    """Return the body of a callback: `amount` rupiah came for a payment."""
    said = {
        "paymentRequestId": request_id or uuid.uuid4().hex, "trxId": payment_id,
        "paidAmount": {"value": f"{amount}.00", "currency": "IDR"},
        "trxDateTime": paid_at or time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
    }  # fmt: skip
    return json.dumps(said).encode()


def deliver(running: Any, body: bytes, headers: dict[str, str] | None = None) -> requests.Response:
    """Send a callback to the gateway; signed as the provider does unless headers are given."""
    secret = running.platform.services["twuin"]["TWUIN_PROVIDER_SECRET"]
    signed = headers if headers is not None else sign(secret, uuid.uuid4().hex, str(int(time.time())), body)
    url = f"{running.url}/api/v1/payments/callbacks/local"
    return requests.post(url, body, headers={"Content-Type": "application/json", **signed}, timeout=30)


def staff(running: Any, role: str) -> Person:
    """Return a signed-in member of staff of the demo's first kelurahan."""
    return demo.sign_in_staff(running.url, next(entry for entry in running.signins["staff"] if entry["role"] == role))


def submitted(citizen: Person) -> str:
    """Return the id of an application that the citizen has just submitted."""
    kind = citizen.call("GET", "/charter/kinds/domisili")
    body = {"kind": "domisili", "fields": demo.fill(kind["form_schema"])}
    draft = str(citizen.call("POST", "/applications", body, expect=201)["application_id"])
    for requirement in kind["requirements"]:
        if requirement["required"]:
            scan = ("scan.png", demo.picture())
            citizen.call("POST", f"/applications/{draft}/attachments", {"requirement": requirement["code"]}, file=scan, expect=201)
    citizen.call("POST", f"/applications/{draft}/submit", {})
    return draft
