"""People who go on with their errands while things fail: each effect is asked for with one key until it is acknowledged."""

import secrets
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import callers
import requests
from history import History, Step

from deploy.local import demo, visitors
from deploy.local.visitors import Person

PATIENCE = 90  # seconds that a person goes on asking
_LATER = {401, 409, 425, 429, 500, 502, 503, 504}  # asked again: nobody was told that it is done
_FRESH = 400  # seconds after which a token is renewed


class Gone(Exception):  # noqa: N818 - the drill is over
    """The drill ends while somebody still asks."""


class Errands(threading.Thread):
    """Somebody who does one errand after the other."""

    def __init__(self, running: Any, history: History, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.running, self.history, self.stop = running, history, stop
        person, self.someone = visitors.register(running.url, running.signins["people"], running.home)
        self._signed_in, self._tokens = {}, {"citizen": (time.monotonic(), person.token)}
        self.citizen_id = str(person.call("GET", "/me")["citizen_id"])
        history.people.add(self.citizen_id)

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.errand()
            except Gone:
                return
            except Exception as wrong:  # noqa: BLE001 - whatever it is, it goes into the report
                self.history.surprise(f"{type(self).__name__}: {type(wrong).__name__}: {wrong}")
                self.stop.wait(0.5)

    def errand(self) -> None:
        raise NotImplementedError

    def person(self, role: str = "citizen") -> Person:
        made, token = self._tokens.get(role, (0.0, ""))
        if not token or time.monotonic() - made > _FRESH:
            token = self._token(role)
            self._tokens[role] = time.monotonic(), token
        return Person(self.running.url, token)

    def _token(self, role: str) -> str:
        kind, _, place = role.partition(" ")
        if role != "citizen":
            found = [entry for entry in self.running.signins["staff"] if entry["role"] == kind]
            return visitors.sign_in_staff(self.running.url, found[int(place or 0)]).token
        who = {"identifier": self.someone["nik"], "password": self.someone["password"]}
        return str(Person(self.running.url).call("POST", "/auth/tokens", who)["access_token"])

    def ask(self, method: str, path: str, *, role: str = "citizen") -> Any:
        """Read something, until it is answered."""
        return self._until(None, lambda: requests.request(
            method, f"{self.running.url}/api/v1{path}", headers={"Authorization": f"Bearer {self.person(role).token}"}, timeout=20,
        ))  # fmt: skip

    def effect(self, kind: str, ident: str, path: str, body: Any, *, role: str = "citizen", file: bytes = b"") -> tuple[Any, Step]:
        """Ask for an effect with one key, until it is acknowledged; return the answer and the step."""
        step = self.history.begin(kind, ident)
        key = str(uuid.uuid4())

        def send() -> requests.Response:
            headers = {"Authorization": f"Bearer {self.person(role).token}", "Idempotency-Key": key}
            what: dict[str, Any] = {"data": body, "files": {"file": ("scan.png", file)}} if file else {"json": body}
            return requests.post(f"{self.running.url}/api/v1{path}", headers=headers, timeout=20, **what)

        return self._until(step, send), step

    def _until(self, step: Step | None, send: Any) -> Any:
        until, said = time.monotonic() + PATIENCE, ""
        while time.monotonic() < until:
            if self.stop.is_set():
                raise Gone
            try:
                answer = send()
            except (requests.RequestException, visitors.Surprise, OSError) as wrong:
                said = str(wrong)
            else:
                said = f"{answer.status_code} {answer.text[:200]}"
                if answer.ok:
                    if step is not None:
                        step.acknowledged = True
                    return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.content
                if answer.status_code not in _LATER:
                    break
            if step is not None:
                step.tries += 1
            self.stop.wait(0.25)
        raise AssertionError(f"{step.kind if step else 'reading'} was never answered: {said}")


class Letters(Errands):
    """Applies for letters; officer and lurah do their part."""

    def errand(self) -> None:
        kind = self.ask("GET", "/charter/kinds/domisili")
        body = {"kind": "domisili", "fields": demo.fill(kind["form_schema"])}
        draft, step = self.effect("drafted", f"by {self.citizen_id}", "/applications", body)
        application = step.ident = str(draft["application_id"])
        for requirement in kind["requirements"]:
            if requirement["required"]:
                self.effect("attached", f"{application} {requirement['code']}", f"/applications/{application}/attachments",
                            {"requirement": requirement["code"]}, file=visitors.picture())  # fmt: skip
        self.effect("submitted", application, f"/applications/{application}/submit", {})
        self.effect("claimed", application, f"/office/applications/{application}/claim", {}, role="officer")
        self.effect("approved", application, f"/office/applications/{application}/approve", {"note": ""}, role="officer")
        self.effect("signed", application, f"/office/applications/{application}/sign", {}, role="lurah")


class Money(Errands):
    """Pays bills; the bank tells of each payment twice, and of money that comes too often."""

    def __init__(self, running: Any, history: History, stop: threading.Event, place: int) -> None:
        super().__init__(running, history, stop)
        connection = running.signins["connections"][place]
        body = {name: connection[name] for name in ("meter_serial", "last_bill_amount")} | {
            "connection_number": connection["number"]
        }
        self.person().call("POST", "/connections", body, expect=201)
        self.last: tuple[str, int] | None = None

    def errand(self) -> None:
        bills = [bill for bill in self.ask("GET", "/bills?page_size=100")["bills"] if bill["state"] == "open"]
        if bills:
            body = {"bill_ids": [bills[0]["bill_id"]], "channel": "qris"}
            made, step = self.effect("payment made", f"by {self.citizen_id}", "/payments", body)
            step.ident = str(made["payment_id"])
            self.last = step.ident, int(made["amount"])
        assert self.last, "there is no bill to pay"
        for _ in range(4):
            self.money(*self.last)

    def money(self, payment_id: str, amount: int) -> None:
        """Let money come for a payment, and the bank say so twice."""
        request_id = uuid.uuid4().hex
        body = callers.notice(payment_id, amount, request_id=request_id)
        step = self.history.begin("money came", request_id)
        for _ in range(2):
            self._until(step, lambda: callers.deliver(self.running, body))


class Leaks(Errands):
    """Reports one leak after the other, each in another place; the crew of the zone repairs it."""

    def errand(self) -> None:
        spot = (-7.96 - secrets.randbelow(30_000) / 1_000_000, 112.645 + secrets.randbelow(30_000) / 1_000_000)
        body = {
            "category": "water_leak", "text": "Air keluar dari tanah di tepi jalan.", "kelurahan": "35.73.03.1008",
            "address": "Di depan pos ronda", "position": {"latitude": spot[0], "longitude": spot[1]}, "photos": [],
        }  # fmt: skip
        filed, step = self.effect("reported", f"by {self.citizen_id}", "/complaints", body)
        complaint = step.ident = str(filed["complaint_id"])
        order = self.comes(lambda: self.ask("GET", f"/complaints/{complaint}")["water_reference"])
        crew, work = self.comes(lambda: self.whose(order))
        where = f"/crew/work-orders/{work}"
        self.effect("accepted", work, f"{where}/accept", {}, role=crew)
        self.effect("arrived", work, f"{where}/arrive", {"latitude": spot[0], "longitude": spot[1]}, role=crew)
        self.effect("repaired", work, f"{where}/complete", {"outcome": "repaired", "note": "Pipa disambung"}, role=crew)
        self.history.repaired.add(complaint)
        self.comes(lambda: self.ask("GET", f"/complaints/{complaint}")["state"] == "resolved")

    def comes(self, found: Callable[[], Any]) -> Any:
        """Return what a fact brings, once it is there."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self.stop.is_set():
                raise Gone
            if answer := found():
                return answer
            self.stop.wait(0.25)
        raise AssertionError(f"a fact has brought nothing in {PATIENCE} s")

    def whose(self, number: str) -> tuple[str, str] | None:
        crews = sum(entry["role"] == "crew" for entry in self.running.signins["staff"])
        for crew in (f"crew {place}" for place in range(crews)):
            for order in self.ask("GET", "/crew/work-orders?page_size=100", role=crew)["work_orders"]:
                if order["number"] == number:
                    return crew, str(order["work_order_id"])
        return None
