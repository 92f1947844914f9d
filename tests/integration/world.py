"""A world with one of everything, and how a thing of it is brought to the state that a call needs."""

import base64
import contextlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from callers import rows
from chassis import clock
from running import Running

from deploy.local import demo
from deploy.local.across import KELURAHAN, MIDST
from deploy.local.demo import Person
from deploy.local.visitors import SIGNED_IN, Surprise

SCAN = ("scan.png", demo.picture())
PHOTO = {"file_name": "foto.png", "content": base64.b64encode(SCAN[1]).decode()}
HALF_A_TOKEN = 300  # seconds
WORK = ("accept", "arrive", "photos", "materials")  # what a crew does with an order, in this order, until it is complete


@dataclass
class World:
    """Citizen A with one of everything, citizen B with an account, and staff."""

    running: Running
    a: Person
    b: Person
    staff: dict[str, Person]
    crews: list[Person]
    stranger: Person  # officer of another kelurahan
    who: dict[str, str]  # A as the registry and A's sign-in know them
    who_b: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    nobody: Person = field(init=False)
    unlinked: Iterator[dict[str, Any]] = field(init=False)  # demo connections, from the last one on
    unread: Iterator[dict[str, Any]] = field(init=False)  # and those that others leave alone, from the first one on
    strangers: Iterator[dict[str, str]] = field(init=False)  # people without an account
    signed_in: float = field(default_factory=time.monotonic)
    half_minute: int = 0  # of the latest one-time code of staff

    def __post_init__(self) -> None:
        self.nobody = Person(self.url)
        self.unlinked = reversed(self.signins["connections"])
        self.unread = iter(self.signins["connections"][12:])
        self.strangers = reversed(self.signins["people"])

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def signins(self) -> dict[str, Any]:
        return self.running.signins

    # People

    def newcomer(self) -> tuple[Person, dict[str, str]]:
        """Return a citizen of whom nobody else makes use, and how they sign in."""
        with contextlib.redirect_stdout(None):
            return demo.register(self.url, self.signins["people"], self.running.home)

    def stranger_form(self) -> dict[str, str]:
        """Return what somebody without an account would register with."""
        someone = next(self.strangers)
        return {name: someone[name] for name in ("nik", "kk", "name", "birth_date", "phone")} | {"password": new_password()}

    def coded(self, to: str, begin: Callable[[], Any]) -> tuple[Any, str]:
        """Begin what sends a code to a phone or address; return what was begun and the code."""
        before = demo.count_messages(self.nobody, to)
        begun = begin()
        return begun, demo.code_sent_to(self.nobody, to, before)

    def registration(self) -> tuple[str, str]:
        """Return the id of a registration that waits for its code, and the code."""
        form = self.stranger_form()
        begun, code = self.coded(form["phone"], lambda: self.nobody.call("POST", "/auth/registrations", form, expect=202))
        return str(begun["registration_id"]), code

    def tokens(self, who: dict[str, str] | None = None) -> dict[str, Any]:
        """Sign A, or somebody else, in once more."""
        known = who or self.who
        body = {"identifier": known["nik"], "password": known["password"]}
        return dict(self.nobody.call("POST", "/auth/tokens", body))

    def staff_credentials(self, role: str) -> dict[str, str]:
        """Return how somebody of a role signs in at this moment, with a code that was not used yet."""
        if int(time.time()) // 30 <= self.half_minute:
            time.sleep(30 - time.time() % 30 + 0.5)
        self.half_minute = int(time.time()) // 30
        entry = next(each for each in self.signins["staff"] if each["role"] == role)
        return {"username": entry["username"], "password": entry["password"], "code": demo.totp(entry["totp_secret"])}

    def stay_signed_in(self) -> None:
        """Give everybody a new token in time: one lives for ten minutes."""
        if time.monotonic() - self.signed_in < HALF_A_TOKEN:
            return
        SIGNED_IN.clear()  # what the demo remembers is as old
        self.a.token = self.tokens()["access_token"]
        self.b.token = self.tokens(self.who_b)["access_token"]
        entries = self.signins["staff"]
        crews = [entry for entry in entries if entry["role"] == "crew"]
        first = {entry["role"]: entry for entry in reversed(entries)}
        elsewhere = [entry for entry in entries if entry["role"] == "officer"][-1]
        staff = [(self.staff[role], first[role]) for role in self.staff]
        for person, entry in [*staff, *zip(self.crews, crews, strict=True), (self.stranger, elsewhere)]:
            person.token = demo.sign_in_staff(self.url, entry).token
        self.half_minute, self.signed_in = int(time.time()) // 30, time.monotonic()

    def other_session(self) -> str:
        self.tokens()
        return next(each["session_id"] for each in self.a.call("GET", "/me/sessions")["sessions"] if not each["current"])

    # Letters

    def draft(self) -> str:
        """Return a new draft; older ones are discarded before there are too many."""
        drafts = [one for one in self.a.call("GET", "/applications?page_size=100")["applications"] if one["state"] == "draft"]
        for one in drafts[10:]:
            self.a.call("DELETE", f"/applications/{one['application_id']}")
        body = {"kind": "domisili", "fields": self.fields}
        return str(self.a.call("POST", "/applications", body, expect=201)["application_id"])

    @property
    def kind(self) -> dict[str, Any]:
        return dict(self.a.call("GET", "/charter/kinds/domisili"))

    @property
    def fields(self) -> dict[str, Any]:
        return demo.fill(self.kind["form_schema"])

    def attach(self, draft: str, requirement: str) -> str:
        answer = self.a.call("POST", f"/applications/{draft}/attachments", {"requirement": requirement}, file=SCAN, expect=201)
        return str(answer["attachments"][-1]["attachment_id"])

    def attached(self) -> dict[str, str]:
        draft = self.draft()
        return {"application_id": draft, "attachment_id": self.attach(draft, self.kind["requirements"][0]["code"])}

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
        return self._office(self.submitted(), "officer", "claim")

    def approved(self) -> str:
        return self._office(self.claimed(), "officer", "approve")

    def signed(self) -> str:
        """Return the id of a letter of A's."""
        application = self._office(self.approved(), "lurah", "sign")
        return str(demo.wait_for("the letter", lambda: self.a.call("GET", f"/applications/{application}")["letter_id"]))

    def _office(self, application: str, role: str, step: str) -> str:
        self.staff[role].call("POST", f"/office/applications/{application}/{step}", {})
        return application

    # Water

    def link(self) -> dict[str, Any]:
        """Return the demo's description of a connection that A has just linked."""
        return next(each for each in self.unlinked if demo._links(self.a, each))

    def bill(self) -> str:
        while True:
            for bill in self.a.call("GET", "/bills?page_size=100")["bills"]:
                if bill["state"] == "open":
                    return str(bill["bill_id"])
            self.link()

    def payment(self, tries: int = 3) -> dict[str, Any]:
        """Start to pay a bill of A's; money that was on its way may take the bill between the two questions."""
        try:
            return dict(self.a.call("POST", "/payments", {"bill_ids": [self.bill()], "channel": "va"}, expect=201))
        except Surprise as wrong:
            if tries == 1 or "bill_not_open" not in str(wrong):
                raise
        return self.payment(tries - 1)

    def reading(self, connection: dict[str, Any]) -> dict[str, Any]:
        """Return what the meter of a connection shows today."""
        known = self.staff["operator"].call("GET", f"/water/connections/{connection['number']}/readings")["readings"][0]
        today = clock.today()
        shown = {"period": f"{today:%Y-%m}", "value": known["value"] + 12, "read_on": today.isoformat()}
        return {"connection_number": connection["number"], **shown}

    def readings(self) -> tuple[str, bytes]:
        """Return a file of readings."""
        one = self.reading(next(self.unread))
        line = ",".join(str(one[name]) for name in ("connection_number", "period", "value", "read_on"))
        return "catat.csv", f"nomor_sambungan,periode,angka_meter,tanggal_baca\n{line}\n".encode()

    def preview(self) -> str:
        answer = self.staff["operator"].call("POST", "/water/readings/previews", {}, file=self.readings(), expect=201)
        return str(answer["preview_id"])

    def idle_run(self) -> dict[str, str]:
        """Return what starts a billing run, once none is going."""
        operator, today = self.staff["operator"], clock.today()
        demo.wait_for(
            "an end of the runs", lambda: all(r["state"] == "finished" for r in operator.call("GET", "/water/runs")["runs"])
        )
        return {"period": f"{today:%Y-%m}", "due_on": today.isoformat()}

    # Reports, leaks and the work in the field

    def report(self, category: str = "road") -> str:
        return report(self.a, category)

    def resolved(self) -> str:
        complaint = self.report()
        self.staff["officer"].call("POST", f"/office/complaints/{complaint}/assign", {})
        self.staff["officer"].call("POST", f"/office/complaints/{complaint}/resolve", {"text": "Sudah ditambal."})
        return complaint

    def assigned(self) -> str:
        complaint = self.report()
        self.staff["officer"].call("POST", f"/office/complaints/{complaint}/assign", {})
        return complaint

    def number_of(self, person: Person) -> str:
        """Return the public number of a report that a person has just made."""
        return str(person.call("GET", f"/complaints/{report(person, 'road')}")["number"])

    def photographed(self, complaint: str) -> dict[str, str]:
        photo = self.a.call("GET", f"/complaints/{complaint}")["photos"][0]
        return {"complaint_id": complaint, "photo_id": str(photo["photo_id"])}

    def order_of(self, complaint: str) -> tuple[str, str, Person]:
        """Return the number of a leak's work order, its id and whose it is."""
        number = demo.wait_for("a work order", lambda: self.a.call("GET", f"/complaints/{complaint}")["water_reference"])
        for crew in self.crews:
            for order in crew.call("GET", "/crew/work-orders?page_size=100")["work_orders"]:
                if order["number"] == number:
                    return str(number), str(order["work_order_id"]), crew
        raise AssertionError(f"no crew has {number}")

    def work_order(self, until: str = "accept") -> tuple[dict[str, str], Person]:
        """Return a leak's work order with a photo's id where it has one, done up to a step, and whose it is."""
        while True:
            _, order, crew = self.order_of(self.report("water_leak"))
            where = f"/crew/work-orders/{order}"
            if crew.call("GET", where)["state"] == "assigned":  # and not the one of an older leak near by
                break
        for step in WORK[: WORK.index(until) if until in WORK else len(WORK)]:
            self._work(crew, where, step)
        photos = crew.call("GET", where)["photos"]
        return {"work_order_id": order} | ({"photo_id": photos[-1]["photo_id"]} if photos else {}), crew

    def _work(self, crew: Person, where: str, step: str) -> None:
        if step == "photos":
            crew.call("POST", f"{where}/photos", {}, file=SCAN, expect=201)
        elif step == "materials":
            crew.call("PUT", f"{where}/materials", {"materials": []})
        else:
            crew.call("POST", f"{where}/{step}", {})

    def leak(self) -> dict[str, str]:
        """Return the ids of a leak and of a photo of it."""
        number, _, _ = self.order_of(self.report("water_leak"))
        operator = self.staff["operator"]
        leaks = operator.call("GET", "/water/leaks")["leaks"]
        leak = next(each["leak_id"] for each in leaks if each["work_order_number"] == number)
        reports = operator.call("GET", f"/water/leaks/{leak}")["reports"]
        return {"leak_id": leak, "photo_id": reports[-1]["photo_ids"][0]}

    # New connections

    def wanted(self) -> dict[str, Any]:
        """Return an application for a new connection by A, with A's letter."""
        me = self.a.call("GET", "/me")
        house = {"kind": "house"} | PHOTO
        return {name: me[name] for name in ("address", "rt", "rw", "kelurahan")} | {
            "letter_id": self.proof(), "latitude": MIDST[0], "longitude": MIDST[1], "documents": [house],
            "tariff_group": self.a.call("GET", "/tariffs")["tariffs"][0]["group"],
        }  # fmt: skip

    def proof(self) -> str:
        """Return the id of a letter that proves where A lives: the one there is, unless it was revoked meanwhile."""
        if self.ids["letter_id"] not in self._proofs():
            self.ids["letter_id"] = self.signed()
            demo.wait_for("the proof", lambda: self.ids["letter_id"] in self._proofs())
        return str(self.ids["letter_id"])

    def _proofs(self) -> set[str]:
        return {each["letter_id"] for each in self.a.call("GET", "/new-connections/proofs")["proofs"] if each["usable"]}

    def applied(self) -> str:
        """Return an application that waits for customer service: the one there is, for an address has one at a time."""
        for one in self.a.call("GET", "/new-connections?page_size=100")["applications"]:
            if one["state"] == "applied":
                return str(one["application_id"])
        return str(self.a.call("POST", "/new-connections", self.first_of_all(), expect=201)["application_id"])

    def first_of_all(self) -> dict[str, Any]:
        """Return an application to make, with none before it in the way."""
        for one in self.a.call("GET", "/new-connections?page_size=100")["applications"]:
            if one["state"] not in {"active", "refused", "withdrawn"}:
                self.a.call("POST", f"/new-connections/{one['application_id']}/withdraw", {"reason": "Tidak jadi"})
        return self.wanted()

    def paper(self) -> dict[str, str]:
        """Return the ids of an application for a new connection and of its document."""
        application = self.applied()
        document = self.a.call("GET", f"/new-connections/{application}")["documents"][0]["document_id"]
        return {"application_id": application, "document_id": document}


def report(citizen: Person, category: str) -> str:
    """Return a report with a photo, somewhere else each time."""
    return str(citizen.call("POST", "/complaints", report_form(category), expect=201)["complaint_id"])


def report_form(category: str = "road") -> dict[str, Any]:
    """Return a report as somebody would write it, somewhere else each time."""
    spot = {"latitude": MIDST[0] + secrets.randbelow(6000) / 1_000_000, "longitude": MIDST[1] + secrets.randbelow(6000) / 1_000_000}
    return {"category": category, "text": "Rusak sejak kemarin pagi.", "kelurahan": KELURAHAN, "position": spot, "photos": [PHOTO]}


def new_password() -> str:
    return f"Uji-{secrets.token_hex(8)}"


def new_phone() -> str:
    return f"+62812{secrets.randbelow(10**8):08}"


def subject(person: Person) -> str:
    """Return the opaque id of somebody who is signed in."""
    payload = person.token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])


def pause_is_over(running: Running, challenge: str) -> None:
    """Let the minute pass in which a code is not sent again."""
    rows(running, "gateway", "update challenge set sent_at = sent_at - interval '1 minute' where id = %s", challenge)


def settle(running: Running) -> World:
    """Register citizens, sign staff in, and give A a connection, a letter, a paid bill and a notice."""
    signins = running.signins
    with contextlib.redirect_stdout(None):
        a, who = demo.register(running.url, signins["people"], running.home)
        b, who_b = demo.register(running.url, signins["people"], running.home)
    officers = [entry for entry in signins["staff"] if entry["role"] == "officer"]
    staff = {
        e["role"]: demo.sign_in_staff(running.url, e) for e in signins["staff"] if e is not officers[-1] and e["role"] != "crew"
    }
    crews = [demo.sign_in_staff(running.url, entry) for entry in signins["staff"] if entry["role"] == "crew"]
    stranger = demo.sign_in_staff(running.url, officers[-1])
    made = World(running, a, b, staff, crews, stranger, who, who_b)
    made.half_minute = int(time.time()) // 30
    made.link()
    made.ids["connection_id"] = a.call("GET", "/connections")["connections"][0]["connection_id"]
    made.ids["letter_id"] = made.signed()
    payment = made.payment()
    a.call("POST", "/demo/bank/payments", {"va_number": payment["va_number"]}, expect=202)
    demo.wait_for("the payment", lambda: demo.in_state(a.call("GET", f"/payments/{payment['payment_id']}"), "paid"))
    made.ids["paid"] = payment["payment_id"]
    demo.wait_for("a notice", lambda: a.call("GET", "/me/notices")["notices"])
    return made
