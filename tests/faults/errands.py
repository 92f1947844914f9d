"""The four errands, as people do them during the drill."""

import secrets
import threading
import uuid
from typing import Any

import callers
from history import History
from people import Errands

from deploy.local import demo, visitors
from deploy.local.across import KELURAHAN, MIDST


class Letters(Errands):
    """Applies for letters; officer and lurah do their part."""

    def errand(self) -> None:
        self.letter()

    def letter(self) -> str:
        """Have a letter signed; return its application."""
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
        return application


class Payer(Errands):
    """Pays bills, and the bank tells of money."""

    def pay(self, bill: str) -> tuple[str, int]:
        """Begin to pay a bill; return the payment and its rupiah."""
        made, step = self.effect("payment made", f"by {self.citizen_id}", "/payments", {"bill_ids": [bill], "channel": "qris"})
        step.ident = str(made["payment_id"])
        return step.ident, int(made["amount"])

    def money(self, payment_id: str, amount: int) -> None:
        """Let money come for a payment, and the bank say so twice."""
        self.stop.wait(0.1)
        request_id = uuid.uuid4().hex
        body = callers.notice(payment_id, amount, request_id=request_id)
        step = self.history.begin("money came", request_id)
        for _ in range(2):
            self._until(step, lambda: callers.deliver(self.running, body))


class Money(Payer):
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
            self.last = self.pay(bills[0]["bill_id"])
        assert self.last, "there is no bill to pay"
        for _ in range(4):
            self.money(*self.last)


class Visited(Errands):
    """Has a crew come."""

    def visit(self, number: str, report: dict[str, Any]) -> None:
        """Let the crew that has a work order accept it, arrive, and say what came of it."""
        crew, work = self.comes(lambda: self._crew_of(number))
        where, spot = f"/crew/work-orders/{work}", {"latitude": MIDST[0], "longitude": MIDST[1]}
        self.effect("accepted", work, f"{where}/accept", {}, role=crew)
        self.effect("arrived", work, f"{where}/arrive", spot, role=crew)
        self.effect(report["outcome"], work, f"{where}/complete", report, role=crew)

    def _crew_of(self, number: str) -> tuple[str, str] | None:
        crews = sum(entry["role"] == "crew" for entry in self.running.signins["staff"])
        for crew in (f"crew {place}" for place in range(crews)):
            for order in self.ask("GET", "/crew/work-orders?page_size=100", role=crew)["work_orders"]:
                if order["number"] == number:
                    return crew, str(order["work_order_id"])
        return None


class Leaks(Visited):
    """Reports one leak after the other, each in another place; the crew of the zone repairs it."""

    def errand(self) -> None:
        spot = (-7.96 - secrets.randbelow(30_000) / 1_000_000, 112.645 + secrets.randbelow(30_000) / 1_000_000)
        body = {
            "category": "water_leak", "text": "Air keluar dari tanah di tepi jalan.", "kelurahan": KELURAHAN,
            "address": "Di depan pos ronda", "position": {"latitude": spot[0], "longitude": spot[1]}, "photos": [],
        }  # fmt: skip
        filed, step = self.effect("reported", f"by {self.citizen_id}", "/complaints", body)
        complaint = step.ident = str(filed["complaint_id"])
        order = self.comes(lambda: self.ask("GET", f"/complaints/{complaint}")["water_reference"])
        self.visit(order, {"outcome": "repaired", "note": "Pipa disambung"})
        self.history.repaired.add(complaint)
        self.comes(lambda: self.ask("GET", f"/complaints/{complaint}")["state"] == "resolved")


class Moving(Letters, Payer, Visited):
    """Moves house again and again: a letter of singo's is the proof for a new connection of twuin's, paid and installed."""

    def errand(self) -> None:
        letter = self.proof(self.letter())
        applied, step = self.effect("applied", f"by {self.citizen_id}", "/new-connections", self.form(letter))
        application = step.ident = str(applied["application_id"])
        desk = f"/water/new-connections/{application}"
        self.effect("checked", application, f"{desk}/check", {"note": ""}, role="water_cs")
        found = {"pipe_distance_m": 12, "pipe_diameter_mm": 20, "feasible": True, "latitude": MIDST[0], "longitude": MIDST[1]}
        order = self.stands(application, "survey")["work_order_number"]
        self.visit(order, {"outcome": "surveyed", "note": "", "survey": found})
        self.money(*self.pay(self.stands(application, "payment")["bill_id"]))
        order = self.stands(application, "installation")["work_order_number"]
        serial = f"MTR-{uuid.uuid4().hex[:10].upper()}"
        left = {
            "meter_serial": serial,
            "seal": f"SGL-{serial[-6:]}",
            "first_reading": 0,
            "latitude": MIDST[0],
            "longitude": MIDST[1],
        }
        self.visit(order, {"outcome": "installed", "note": "", "install": left})
        self.history.moved.add(application)
        self.stands(application, "active")

    def proof(self, application: str) -> str:
        """Return the letter of an application, once twuin knows it."""
        letter = self.comes(lambda: self.ask("GET", f"/applications/{application}")["letter_id"])
        proofs = "/new-connections/proofs"
        self.comes(lambda: any(each["letter_id"] == letter and each["usable"] for each in self.ask("GET", proofs)["proofs"]))
        return str(letter)

    def form(self, letter: str) -> dict[str, Any]:
        """Return the application for the home that the letter certifies."""
        me = self.ask("GET", "/me")
        group = self.ask("GET", "/tariffs")["tariffs"][0]["group"]
        home = {name: me[name] for name in ("address", "rt", "rw", "kelurahan")}
        return home | {"letter_id": letter, "latitude": MIDST[0], "longitude": MIDST[1], "tariff_group": group}

    def stands(self, application: str, state: str) -> dict[str, Any]:
        """Return an application for a connection once it stands there."""

        def asked() -> dict[str, Any] | None:
            shown: dict[str, Any] = self.ask("GET", f"/new-connections/{application}")
            return shown if shown["state"] == state else None

        return dict(self.comes(asked))
