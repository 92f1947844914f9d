"""A world with one of everything, and how an operation of the API is reached by the id of a thing."""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

import pytest
from gateway.api import openapi
from gateway.api.own import OWN
from gateway.api.remote import REMOTE

from deploy.local import demo
from deploy.local.across import KELURAHAN, MIDST
from deploy.local.demo import Person

OPERATIONS = {operation.name: operation for operation in (*REMOTE, *OWN)}


@dataclass
class World:
    """Citizen A with one of everything, citizen B with an account, and staff."""

    url: str
    a: Person
    b: Person
    staff: dict[str, Person]
    stranger: Person  # officer of another kelurahan
    signins: dict[str, Any]
    who: dict[str, str]
    crews: list[Person] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    def draft(self) -> str:
        body = {"kind": "domisili", "fields": demo.fill(self.kind["form_schema"])}
        return str(self.a.call("POST", "/applications", body, expect=201)["application_id"])

    @property
    def kind(self) -> dict[str, Any]:
        return dict(self.a.call("GET", "/charter/kinds/domisili"))

    def attach(self, draft: str, requirement: str) -> str:
        scan = (f"{requirement}.png", demo.picture())
        answer = self.a.call("POST", f"/applications/{draft}/attachments", {"requirement": requirement}, file=scan, expect=201)
        return str(answer["attachments"][-1]["attachment_id"])

    def ready(self) -> str:
        draft = self.draft()
        for requirement in self.kind["requirements"]:
            if requirement["required"]:
                self.attach(draft, requirement["code"])
        return draft

    def submitted(self) -> str:
        draft = self.ready()
        self.a.call("POST", f"/applications/{draft}/submit", {})
        return draft

    def claimed(self) -> str:
        application = self.submitted()
        self.staff["officer"].call("POST", f"/office/applications/{application}/claim", {})
        return application

    def approved(self) -> str:
        application = self.claimed()
        self.staff["officer"].call("POST", f"/office/applications/{application}/approve", {})
        return application

    def bill(self) -> str:
        bills = self.a.call("GET", "/bills?page_size=100")["bills"]
        return str(next(bill["bill_id"] for bill in bills if bill["state"] == "open"))

    def payment(self) -> str:
        answer = self.a.call("POST", "/payments", {"bill_ids": [self.bill()], "channel": "va"}, expect=201)
        return str(answer["payment_id"])

    def report(self, category: str = "road") -> str:
        return report(self.a, category)

    def resolved(self) -> str:
        complaint = self.report()
        for step in ("assign", "resolve"):
            self.staff["officer"].call(
                "POST", f"/office/complaints/{complaint}/{step}", {"text": "Sudah ditambal."} if step == "resolve" else {}
            )
        return complaint

    def photo_of(self, complaint: str) -> str:
        return str(self.a.call("GET", f"/complaints/{complaint}")["photos"][0]["photo_id"])

    def wanted(self) -> dict[str, Any]:
        """Return an application for a new connection by A, with A's letter."""
        me = self.a.call("GET", "/me")
        house = {"kind": "house", "file_name": "rumah.png", "content": base64.b64encode(demo.picture()).decode()}
        return {name: me[name] for name in ("address", "rt", "rw", "kelurahan")} | {
            "letter_id": self.ids["letter_id"], "latitude": MIDST[0], "longitude": MIDST[1], "documents": [house],
            "tariff_group": self.a.call("GET", "/tariffs")["tariffs"][0]["group"],
        }  # fmt: skip

    def applied(self) -> str:
        """Return an application that waits for customer service: the one there is, for an address has one at a time."""
        for one in self.a.call("GET", "/new-connections?page_size=100")["applications"]:
            if one["state"] == "applied":
                return str(one["application_id"])
        self.unapplied()
        return str(self.a.call("POST", "/new-connections", self.wanted(), expect=201)["application_id"])

    def unapplied(self) -> None:
        for one in self.a.call("GET", "/new-connections?page_size=100")["applications"]:
            if one["state"] not in {"active", "refused", "withdrawn"}:
                self.a.call("POST", f"/new-connections/{one['application_id']}/withdraw", {"reason": "Tidak jadi"})


def report(citizen: Person, category: str) -> str:
    """Return a report with a photo, somewhere else each time."""
    photo = {"file_name": "foto.png", "content": base64.b64encode(demo.picture()).decode()}
    spot = {"latitude": MIDST[0] + secrets.randbelow(6000) / 1_000_000, "longitude": MIDST[1] + secrets.randbelow(6000) / 1_000_000}
    body = {"category": category, "text": "Rusak sejak kemarin pagi.", "kelurahan": KELURAHAN, "position": spot, "photos": [photo]}
    return str(citizen.call("POST", "/complaints", body, expect=201)["complaint_id"])


@pytest.fixture(scope="module")
def world(running):
    signins = running.signins
    a, who = demo.register(running.url, signins["people"], running.home)
    b, _ = demo.register(running.url, signins["people"], running.home)
    officers = [entry for entry in signins["staff"] if entry["role"] == "officer"]
    staff = {
        e["role"]: demo.sign_in_staff(running.url, e) for e in signins["staff"] if e is not officers[-1] and e["role"] != "crew"
    }
    crews = [demo.sign_in_staff(running.url, entry) for entry in signins["staff"] if entry["role"] == "crew"]
    made = World(running.url, a, b, staff, demo.sign_in_staff(running.url, officers[-1]), signins, who, crews)
    connection = next(c for c in reversed(signins["connections"]) if demo._links(a, c))
    made.ids["connection_number"] = connection["number"]
    made.ids["connection_id"] = a.call("GET", "/connections")["connections"][0]["connection_id"]
    made.ids["letter"] = made.approved()
    staff["lurah"].call("POST", f"/office/applications/{made.ids['letter']}/sign", {})
    made.ids["letter_id"] = a.call("GET", "/letters")["letters"][0]["letter_id"]
    paid = made.payment()
    number = a.call("GET", f"/payments/{paid}")["va_number"]
    a.call("POST", "/demo/bank/payments", {"va_number": number}, expect=202)
    demo.wait_for("the payment", lambda: demo.in_state(a.call("GET", f"/payments/{paid}"), "paid"))
    made.ids["paid"] = paid
    demo.wait_for("a notice", lambda: a.call("GET", "/me/notices")["notices"])
    return made


@dataclass
class Case:
    """How one operation is reached: path parameters, query, body, file."""

    ids: dict[str, str]
    body: Any = None
    query: str = ""
    file: bool = False
    before_owner: Any = None  # what must happen between B's try and the owner's
    strange: int = 404  # what B is told


def paper(w):
    application = w.applied()
    document = w.a.call("GET", f"/new-connections/{application}")["documents"][0]["document_id"]
    return Case({"application_id": application, "document_id": document})


def reach(person: Person, name: str, case: Case, expect: int) -> Any:
    operation = OPERATIONS[name]
    file = ("scan.png", demo.picture()) if case.file else None
    path = operation.path.format(**case.ids) + case.query
    return person.call(operation.method, path, case.body, expect=expect, file=file)


def anything(path):
    """Return a path with an id of nothing in each place."""
    for parameter in openapi.parameters(path):
        path = path.replace(f"{{{parameter}}}", "00000000-0000-4000-8000-000000000000")
    return path
