"""Errands 3 and 4 across both agencies: told once, reopened, refused with the reason, caught at activation. On both buses."""

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from callers import ask, rows, staff
from running import wait_for

from deploy.local import demo
from deploy.local.demo import Person

SAWOJAJAR = "35.73.03.1008"


def newcomer(running: Any) -> Person:
    return demo.register(running.url, running.signins["people"], running.home)[0]


def report(person: Person, latitude: float, longitude: float) -> dict[str, Any]:
    """File a report of a leak."""
    body = {
        "category": "water_leak", "text": "Air menyembur dari aspal di depan pos kamling.", "kelurahan": SAWOJAJAR,
        "position": {"latitude": latitude, "longitude": longitude},
    }  # fmt: skip
    return dict(person.call("POST", "/complaints", body, expect=201))


def now(person: Person, complaint: dict[str, Any]) -> dict[str, Any]:
    """Return a complaint as its reporter sees it at the moment."""
    return dict(person.call("GET", f"/complaints/{complaint['complaint_id']}"))


def leaks_of(operator: Person, complaint: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the leaks, ended ones too, that name a complaint."""
    board = operator.call("GET", "/water/leaks?closed_too=true")["leaks"]
    full = [operator.call("GET", f"/water/leaks/{each['leak_id']}") for each in board]
    return [each for each in full if complaint["complaint_id"] in {told["complaint_id"] for told in each["reports"]}]


def crew_of(running: Any, order: str) -> Person:
    """Return a signed-in member of the crew that has a work order."""
    for entry in running.signins["staff"]:
        if entry["role"] == "crew":
            person = demo.sign_in_staff(running.url, entry)
            if ask(person, "GET", f"/crew/work-orders/{order}").ok:
                return person
    raise AssertionError("no crew has it")


def finish(crew: Person, order: str, **result: Any) -> None:
    """Accept a work order, arrive, and complete it."""
    where = f"/crew/work-orders/{order}"
    for step in ("accept", "arrive"):
        crew.call("POST", f"{where}/{step}", {})
    crew.call("POST", f"{where}/complete", result)


def notices(person: Person, code: str) -> list[dict[str, Any]]:
    return [each for each in person.call("GET", "/me/notices?page_size=100")["notices"] if each["code"] == code]


@dataclass
class Leak:
    """What three citizens reported and one follows, repaired."""

    people: list[Person]
    complaints: list[dict[str, Any]]
    follower: Person


@pytest.fixture(scope="module")
def leak(running):
    people, follower = [newcomer(running) for _ in range(3)], newcomer(running)
    place = uuid.uuid4().int % 1000 / 50_000  # another street at every run
    spots = [(-7.9700 - place, 112.6560), (-7.9701 - place, 112.6561), (-7.9699 - place, 112.6560)]
    complaints = [report(person, *spot) for person, spot in zip(people, spots, strict=True)]
    follower.call("POST", f"/complaints/public/{complaints[0]['number']}/follow", {})
    made = Leak(people, complaints, follower)
    wait_for(lambda: all(each["water_reference"] for each in states(made)))
    order = leaks_of(staff(running, "operator"), complaints[0])[0]["work_order_id"]
    finish(crew_of(running, order), order, outcome="repaired", note="Pipa dinas disambung.")
    wait_for(lambda: all(each["state"] == "resolved" for each in states(made)))
    return made


def states(made: Leak) -> list[dict[str, Any]]:
    return [now(person, complaint) for person, complaint in zip(made.people, made.complaints, strict=True)]


def test_three_reports_of_one_leak_are_one_leak_with_one_work_order(running, leak):
    operator = staff(running, "operator")
    found = {each["leak_id"]: each for complaint in leak.complaints for each in leaks_of(operator, complaint)}
    assert [(each["visits"], len(each["reports"])) for each in found.values()] == [(1, 3)]
    assert len({each["water_reference"] for each in states(leak)}) == 1


def test_each_reporter_and_follower_is_told_once_that_it_is_repaired(running, leak):
    for person in (*leak.people, leak.follower):
        wait_for(lambda person=person: notices(person, "complaint_resolved"))
    told = [len(notices(person, "complaint_resolved")) for person in (*leak.people, leak.follower)]
    assert told == [1, 1, 1, 1]


def test_a_reporter_rates_once_it_is_resolved_and_nobody_else_can(running, leak):
    where = f"/complaints/{leak.complaints[1]['complaint_id']}/rating"
    assert ask(leak.people[0], "POST", where, {"rating": 5}, Idempotency_Key=uuid.uuid4().hex).status_code == 404
    assert leak.people[1].call("POST", where, {"rating": 4, "text": "Cepat."})["rating"] == 4


def test_a_reopened_report_is_another_visit_of_the_same_leak(running, leak):
    person, complaint = leak.people[2], leak.complaints[2]
    person.call("POST", f"/complaints/{complaint['complaint_id']}/reopen", {"reason": "Masih merembes di tempat yang sama."})
    operator = staff(running, "operator")
    again = wait_for(lambda: [each for each in leaks_of(operator, complaint) if each["visits"] == 2])
    assert len(leaks_of(operator, complaint)) == 1
    crew = crew_of(running, again[0]["work_order_id"])
    finish(crew, again[0]["work_order_id"], outcome="not_found", note="Kering, tekanan normal.")
    wait_for(lambda: now(person, complaint)["state"] == "resolved")
    assert wait_for(lambda: len(notices(person, "complaint_resolved")) == 2)
    assert len(notices(leak.people[0], "complaint_resolved")) == 1


def test_another_crew_does_not_find_the_order(running, leak):
    order = leaks_of(staff(running, "operator"), leak.complaints[0])[0]["work_order_id"]
    crews = [demo.sign_in_staff(running.url, entry) for entry in running.signins["staff"] if entry["role"] == "crew"]
    assert sorted(ask(crew, "GET", f"/crew/work-orders/{order}").status_code for crew in crews) == [200, 404, 404]


@dataclass
class House:
    """A citizen with letters, and the address that the domicile letter certifies."""

    person: Person
    address: dict[str, str]

    def letter(self, running: Any, kind: str = "domisili") -> str:
        """Return the id of a letter that the lurah has just signed, once twuin knows it."""
        application = drawn(self.person, kind)
        officer, lurah = staff(running, "officer"), staff(running, "lurah")
        where = f"/office/applications/{application}"
        officer.call("POST", f"{where}/claim", {})
        if not self.address:
            seen = officer.call("GET", f"{where}?purpose=check")["applicant"]
            self.address |= {name: seen[name] for name in ("address", "rt", "rw", "kelurahan")}
        officer.call("POST", f"{where}/approve", {"note": ""})
        lurah.call("POST", f"{where}/sign", {})
        letter = wait_for(lambda: self.person.call("GET", f"/applications/{application}")["letter_id"])
        wait_for(lambda: letter in {each["letter_id"] for each in self.proofs()})
        return str(letter)

    def proofs(self) -> list[dict[str, Any]]:
        return list(self.person.call("GET", "/new-connections/proofs")["proofs"])

    def apply(self, letter: str, language: str = "id", **other: Any) -> Any:
        group = self.person.call("GET", "/tariffs")["tariffs"][0]["group"]
        where = {"latitude": -7.9710, "longitude": 112.6570, "tariff_group": group}
        body = {"letter_id": letter} | where | self.address | other
        key = uuid.uuid4().hex
        return ask(self.person, "POST", "/new-connections", body, Accept_Language=language, Idempotency_Key=key)


def drawn(person: Person, kind: str) -> str:
    """Return the id of an application for a letter that the person has just submitted."""
    asked = person.call("GET", f"/charter/kinds/{kind}")
    body = {"kind": kind, "fields": demo.fill(asked["form_schema"])}
    draft = str(person.call("POST", "/applications", body, expect=201)["application_id"])
    for requirement in asked["requirements"]:
        if requirement["required"]:
            scan = ("scan.png", demo.picture())
            person.call("POST", f"/applications/{draft}/attachments", {"requirement": requirement["code"]}, file=scan, expect=201)
    person.call("POST", f"/applications/{draft}/submit", {})
    return draft


def revoke(running: Any, house: House, letter: str) -> None:
    """Have the lurah revoke a letter, and wait until twuin knows it."""
    staff(running, "lurah").call("POST", f"/office/letters/{letter}/revoke", {"reason": "Alamat ternyata tidak benar."})
    wait_for(lambda: next(each["revoked"] for each in house.proofs() if each["letter_id"] == letter))


@pytest.fixture(scope="module")
def house(running):
    made = House(newcomer(running), {})
    made.letter(running)
    return made


def refusal(house: House, letter: str, **other: Any) -> tuple[str, str, str]:
    """Return the code of a refused application and its sentences in both languages."""
    answers = [house.apply(letter, language, **other) for language in ("id", "en")]
    assert [each.status_code for each in answers] == [422, 422], [each.text for each in answers]
    said = [each.json() for each in answers]
    assert said[0]["code"] == said[1]["code"]
    assert said[0]["detail"] != said[1]["detail"]
    return said[0]["code"], said[0]["detail"], said[1]["detail"]


def test_a_letter_that_is_no_proof_is_refused_with_the_reason_in_both_languages(running, house):
    usable = house.letter(running)
    told = {"other_address": refusal(house, usable, address="Jalan Lain 99")}
    told["wrong_kind"] = refusal(house, house.letter(running, "skck"))
    expired, revoked = house.letter(running), house.letter(running)
    rows(running, "twuin", "update proof_letters set valid_until = current_date - 2 where letter_id = %s", uuid.UUID(expired))
    told["expired"] = refusal(house, expired)
    revoke(running, house, revoked)
    told["revoked"] = refusal(house, revoked)
    assert [code for code, _, _ in told.values()] == [f"proof_{name}" for name in told]
    assert len({sentence for _, *both in told.values() for sentence in both}) == 8


def test_somebody_elses_letter_is_not_found(running, house):
    other = House(newcomer(running), {})
    assert house.apply(other.letter(running)).status_code == 404
    assert house.apply(str(uuid.uuid4())).status_code == 404


def test_a_letter_revoked_between_application_and_activation_opens_no_tap_until_another_replaces_it(running, house):
    first = house.letter(running)
    applied = house.apply(first)
    assert applied.status_code == 201, applied.text
    application = applied.json()["application_id"]
    paid_and_surveyed(running, house, application)
    revoke(running, house, first)
    install(running, house, application)
    held = wait_for(lambda: seen(house, application, "held"))
    assert held["reason"] == "proof_revoked"
    assert active(house) == set()
    assert wait_for(lambda: notices(house.person, "new_connection_held"))
    house.person.call("POST", f"/new-connections/{application}/proof", {"letter_id": house.letter(running)})
    done = wait_for(lambda: seen(house, application, "active"))
    assert active(house) == {done["connection_id"]}


def active(house: House) -> set[str]:
    mine = house.person.call("GET", "/connections")["connections"]
    return {each["connection_id"] for each in mine if each["state"] == "active"}


def seen(house: House, application: str, state: str) -> dict[str, Any] | None:
    found = house.person.call("GET", f"/new-connections/{application}")
    return dict(found) if found["state"] == state else None


def order_of(running: Any, application: str, kind: str) -> str:
    operator = staff(running, "operator")

    def found() -> str:
        listed = operator.call("GET", "/water/work-orders?page_size=100")["work_orders"]
        return next((str(o["work_order_id"]) for o in listed if o["subject_id"] == application and o["kind"] == kind), "")

    return str(wait_for(found))


def paid_and_surveyed(running: Any, house: House, application: str) -> None:
    staff(running, "water_cs").call("POST", f"/water/new-connections/{application}/check", {})
    survey = order_of(running, application, "survey")
    result = {"pipe_distance_m": 12, "pipe_diameter_mm": 20, "feasible": True, "latitude": -7.971, "longitude": 112.657}
    finish(crew_of(running, survey), survey, outcome="surveyed", survey=result)
    offered = wait_for(lambda: seen(house, application, "payment"))
    assert sum(line["amount"] for line in offered["cost"]) == offered["amount"] > 0
    body = {"bill_ids": [offered["bill_id"]], "channel": "va"}
    payment = house.person.call("POST", "/payments", body, expect=201)
    assert payment["amount"] == offered["amount"]
    house.person.call("POST", "/demo/bank/payments", {"va_number": payment["va_number"], "deliveries": 3}, expect=202)
    wait_for(lambda: seen(house, application, "installation"))


def install(running: Any, house: House, application: str) -> None:
    order = order_of(running, application, "install")
    serial = f"MTR{uuid.uuid4().int % 10**8:08}"
    result = {"meter_serial": serial, "seal": "SGL-4711", "first_reading": 3, "latitude": -7.971, "longitude": 112.657}
    finish(crew_of(running, order), order, outcome="installed", install=result)
