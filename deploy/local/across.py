"""Errands 3 and 4, which begin at one agency and end at the other, over HTTP at the gateway only."""

import base64
import secrets
import time
import uuid
from pathlib import Path
from typing import Any

from deploy.local.visitors import Person, expect, in_state, picture, register, sign_in_staff, step, wait_for

MIDST = (-7.9720, 112.6590)  # somewhere in Sawojajar, degrees; a main lies there
KELURAHAN = "35.73.03.1008"


def leak(url: str, signins: dict[str, Any], home: Path) -> None:
    """Errand 3: three citizens report one leak; one work order repairs it, and each is told once."""
    print("Errand 3: a leak", flush=True)
    spot = tuple(middle + (secrets.randbelow(6001) - 3000) / 1_000_000 for middle in MIDST)  # another one at every run
    reporters = [register(url, signins["people"], home)[0] for _ in range(3)]
    reports = [(citizen, _report(citizen, spot, place)) for place, citizen in enumerate(reporters)]
    step("three citizens reported it, each with a photo and a place some metres apart")
    scheduled = [_ordered(citizen, report) for citizen, report in reports]
    order = scheduled[0]["water_reference"]
    expect(all(one["water_reference"] == order for one in scheduled), "the reports of one leak have several work orders")
    operator = sign_in_staff(url, _of_role(signins, "operator")[0])
    board = operator.call("GET", "/water/leaks")
    found = next(one for one in board["leaks"] if one["work_order_number"] == order)
    whole = operator.call("GET", f"/water/leaks/{found['leak_id']}")
    expect(len(whole["reports"]) == len(reports), f"leak {found['number']} has {len(whole['reports'])} reports")
    step(f"one leak {found['number']} in zone {found['zone']}, one work order {order}, three reports")
    _in_the_field(url, signins, order, {"outcome": "repaired", "note": "Pipa disambung ulang"}, [{"code": "", "quantity": 2}])
    for citizen, report in reports:
        _until(citizen, f"/complaints/{report}", "resolved")
        _noticed(citizen, "complaint_resolved")
    time.sleep(2)  # a second notice would have come by then
    told = [len(_notices(citizen, "complaint_resolved")) for citizen in reporters]
    expect(told == [1, 1, 1], f"told {told} times, not once each")
    step("repaired: all three reports are resolved, each reporter was told once and asked for a rating")
    reporters[0].call("POST", f"/complaints/{reports[0][1]}/rating", {"rating": 5, "text": "Cepat dan rapi"})
    wait_for("the time line", lambda: _errand(reporters[0], "complaint", "rated"))
    step("rated 5 of 5; “Urusan saya” shows the report as ended")


def _report(citizen: Person, spot: tuple[float, ...], place: int) -> str:
    body = {
        "category": "water_leak", "text": "Air keluar dari tanah di tepi jalan sejak pagi.", "kelurahan": KELURAHAN,
        "address": "Di depan pos ronda", "position": {"latitude": spot[0] + place / 20_000, "longitude": spot[1]},
        "photos": [{"file_name": "bocor.png", "content": base64.b64encode(picture()).decode()}],
    }  # fmt: skip
    return str(citizen.call("POST", "/complaints", body, expect=201)["complaint_id"])


def _ordered(citizen: Person, report: str) -> dict[str, Any]:
    """Return a report once it has a work order."""

    def asked() -> dict[str, Any] | None:
        shown: dict[str, Any] = citizen.call("GET", f"/complaints/{report}")
        return shown if shown["water_reference"] else None

    return dict(wait_for("a work order", asked))


def _until(citizen: Person, where: str, state: str) -> dict[str, Any]:
    """Return a thing once it is in a state."""
    return dict(wait_for(f"state {state} of {where.split('/')[1]}", lambda: in_state(citizen.call("GET", where), state)))


def _noticed(citizen: Person, code: str) -> None:
    wait_for(f"the notice {code}", lambda: _notices(citizen, code))


def _notices(citizen: Person, code: str) -> list[dict[str, Any]]:
    return [each for each in citizen.call("GET", "/me/notices")["notices"] if each["code"] == code]


def _errand(citizen: Person, kind: str, state: str) -> dict[str, Any] | None:
    found = citizen.call("GET", "/me/errands")["errands"]
    return next((each for each in found if each["kind"] == kind and each["state"] == state), None)


def _of_role(signins: dict[str, Any], role: str) -> list[dict[str, str]]:
    return [entry for entry in signins["staff"] if entry["role"] == role]


def _in_the_field(
    url: str, signins: dict[str, Any], order: str, report: dict[str, Any], materials: list[dict[str, Any]] | None = None
) -> None:
    """Let the crew that has a work order accept it, arrive, take a photo and say what came of it."""
    crew, where = next(
        (crew, f"/crew/work-orders/{one['work_order_id']}")
        for crew in (sign_in_staff(url, entry) for entry in _of_role(signins, "crew"))
        for one in crew.call("GET", "/crew/work-orders?page_size=100")["work_orders"]
        if one["number"] == order
    )
    crew.call("POST", f"{where}/accept", {})
    crew.call("POST", f"{where}/arrive", {"latitude": MIDST[0], "longitude": MIDST[1]})
    crew.call("POST", f"{where}/photos", {}, file=("lapangan.png", picture()), expect=201)
    if materials:
        codes = crew.call("GET", "/water/crews")["material_codes"]
        crew.call("PUT", f"{where}/materials", {"materials": [one | {"code": one["code"] or codes[0]} for one in materials]})
    crew.call("POST", f"{where}/complete", report)
    step(f"{crew.call('GET', where)['crew']} accepted {order}, arrived, photographed: {report['outcome']}")


def moving(url: str, signins: dict[str, Any], citizen: Person) -> None:
    """Errand 4: the domicile letter of errand 1 is the proof for a new water connection; no paper in between."""
    print("Errand 4: moving house", flush=True)
    asked = _apply(citizen)
    where = f"/new-connections/{asked['application_id']}"
    step(f"applied as {asked['number']} with letter {asked['letter_reference']}; customer service has it until {asked['due_on']}")
    service = sign_in_staff(url, _of_role(signins, "water_cs")[0])
    desk = f"/water/new-connections/{asked['application_id']}"
    service.call("GET", f"{desk}?purpose=check")
    service.call("POST", f"{desk}/check", {"note": ""})
    step("customer service checked it")
    survey = {"pipe_distance_m": 12, "pipe_diameter_mm": 20, "feasible": True, "latitude": MIDST[0], "longitude": MIDST[1]}
    order = wait_for("the survey", lambda: _field_order(citizen, where, "survey"))
    _in_the_field(url, signins, order, {"outcome": "surveyed", "note": "", "survey": survey})
    offered = _until(citizen, where, "payment")
    expect(sum(line["amount"] for line in offered["cost"]) == offered["amount"], "the cost's lines do not add up")
    payment = citizen.call("POST", "/payments", {"bill_ids": [offered["bill_id"]], "channel": "va"}, expect=201)
    citizen.call("POST", "/demo/bank/payments", {"va_number": payment["va_number"], "deliveries": 3}, expect=202)
    cost = f"Rp {offered['amount']:,}".replace(",", ".")
    step(f"cost of {cost} in {len(offered['cost'])} lines that add up, paid by VA")
    order = wait_for("the installation", lambda: _field_order(citizen, where, "installation"))
    serial = f"MTR-{uuid.uuid4().hex[:10].upper()}"
    meter = {"meter_serial": serial, "seal": f"SGL-{serial[-6:]}", "first_reading": 0, "latitude": MIDST[0], "longitude": MIDST[1]}
    _in_the_field(url, signins, order, {"outcome": "installed", "note": "", "install": meter})
    active = _until(citizen, where, "active")
    own = citizen.call("GET", "/connections")["connections"]
    expect(active["connection_id"] in {each["connection_id"] for each in own}, "the new connection is not on the account")
    _noticed(citizen, "new_connection_activated")
    wait_for("the time line", lambda: _errand(citizen, "new_connection", "active"))
    step(f"connection {active['connection_number']} is active on the citizen's account; told, and ended in “Urusan saya”")


def _apply(citizen: Person) -> dict[str, Any]:
    """Apply with the usable letter, for the address that it certifies."""
    proofs = wait_for("the proof", lambda: [p for p in citizen.call("GET", "/new-connections/proofs")["proofs"] if p["usable"]])
    me = citizen.call("GET", "/me")
    body = {name: me[name] for name in ("address", "rt", "rw", "kelurahan")} | {
        "letter_id": proofs[0]["letter_id"], "latitude": MIDST[0], "longitude": MIDST[1],
        "tariff_group": citizen.call("GET", "/tariffs")["tariffs"][0]["group"],
        "documents": [{"kind": "house", "file_name": "rumah.png", "content": base64.b64encode(picture()).decode()}],
    }  # fmt: skip
    return dict(citizen.call("POST", "/new-connections", body, expect=201))


def _field_order(citizen: Person, where: str, state: str) -> str:
    shown = citizen.call("GET", where)
    return str(shown["work_order_number"]) if shown["state"] == state else ""
