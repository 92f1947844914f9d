"""Staff of another kelurahan, crew or agency, and guests: each finds or may do what is theirs and no more."""

import secrets

import pytest
from owners import OPERATIONS, Case, anything, paper, reach, report, world

from deploy.local import demo
from deploy.local.demo import Person

__all__ = ["world"]  # a fixture

REPORTS = {
    "complaints_open": ("?purpose=complaint", None),
    "complaints_openPhoto": ("?purpose=complaint", None),
    "complaints_assign": ("", {}),
    "complaints_answer": ("", {"text": "Akan kami lihat besok pagi."}),
    "complaints_resolve": ("", {"text": "Sudah ditambal kemarin."}),
    "complaints_refuse": ("", {"reason": "Bukan kewenangan kelurahan."}),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_opened_and_moved_by_its_kelurahan_only(world, name):
    complaint = world.report()
    if name in {"complaints_answer", "complaints_resolve"}:
        world.staff["officer"].call("POST", f"/office/complaints/{complaint}/assign", {})
    query, body = REPORTS[name]
    case = Case({"complaint_id": complaint, "photo_id": world.photo_of(complaint)}, body=body, query=query)
    reach(world.stranger, name, case, 404)
    reach(world.b, name, case, 403)
    for other in (world.crews[0], world.staff["operator"], world.staff["water_cs"]):
        reach(other, name, case, 403)
    reach(world.staff["officer"], name, case, 200)


def test_a_guest_reaches_the_own_reports_and_nothing_else(world):
    phone = f"+62812{secrets.randbelow(10**8):08}"
    nobody = Person(world.url)
    begun = nobody.call("POST", "/auth/guests/codes", {"phone": phone}, expect=202)
    wanted = {"registration_id": begun["registration_id"], "code": demo.code_sent_to(world.a, phone, 0)}
    guest = Person(world.url, nobody.call("POST", "/auth/guests/tokens", wanted)["access_token"])
    own, theirs = report(guest, "road"), world.report()
    assert guest.call("GET", f"/complaints/{own}")["guest"] is True
    assert [each["complaint_id"] for each in guest.call("GET", "/complaints")["complaints"]] == [own]
    guest.call("GET", f"/complaints/{theirs}", expect=404)
    world.a.call("GET", f"/complaints/{own}", expect=404)
    for operation in OPERATIONS.values():
        if operation.who not in {"anyone", "reporter"}:
            body = None if operation.method == "GET" else {}
            guest.call(operation.method, anything(operation.path), body, expect=401)


IN_THE_FIELD = {  # in the order of the work
    "work_orders_get": (None, False),
    "work_orders_accept": ({}, False),
    "work_orders_arrive": ({"latitude": 0, "longitude": 0}, False),
    "work_orders_addPhoto": ({}, True),
    "work_orders_getPhoto": (None, False),
    "work_orders_setMaterials": ({"materials": []}, False),
    "work_orders_complete": ({"outcome": "repaired", "note": ""}, False),
}


def order_of(world, complaint):
    """Return the number of a leak's work order, its id and whose it is."""

    def asked():
        return world.a.call("GET", f"/complaints/{complaint}")["water_reference"]

    number = demo.wait_for("a work order", asked)
    for crew in world.crews:
        for order in crew.call("GET", "/crew/work-orders?page_size=100")["work_orders"]:
            if order["number"] == number:
                return number, order["work_order_id"], crew
    raise AssertionError(f"no crew has {number}")


def test_a_crew_finds_no_work_of_another_crew_and_nobody_else_does_its_work(world):
    number, order, own = order_of(world, world.report("water_leak"))
    ids = {"work_order_id": order}
    for name, (body, file) in IN_THE_FIELD.items():
        if name == "work_orders_getPhoto":
            ids["photo_id"] = own.call("GET", f"/crew/work-orders/{order}")["photos"][-1]["photo_id"]
        case = Case(ids, body=body, file=file)
        for crew in world.crews:
            if crew is not own:
                reach(crew, name, case, 404)
        for other in (world.b, world.staff["officer"], world.staff["cashier"]):
            reach(other, name, case, 403)
        if name != "work_orders_getPhoto":  # which the operator may see, too
            reach(world.staff["operator"], name, case, 403)
        reach(own, name, case, OPERATIONS[name].status)
    for crew in world.crews:
        if crew is not own:
            listed = crew.call("GET", "/crew/work-orders?completed=true&page_size=100")["work_orders"]
            assert number not in {each["number"] for each in listed}


def test_the_board_of_leaks_is_the_operators_and_customer_services(world):
    number, order, own = order_of(world, world.report("water_leak"))
    operator = world.staff["operator"]
    leak = next(each for each in operator.call("GET", "/water/leaks")["leaks"] if each["work_order_number"] == number)
    ids = {"leak_id": leak["leak_id"], "work_order_id": order}
    photo_id = operator.call("GET", f"/water/leaks/{leak['leak_id']}")["reports"][0]["photo_ids"][0]
    crew = own.call("GET", f"/crew/work-orders/{order}")["crew"]
    for name, body in (
        ("leaks_board", None), ("leaks_get", None), ("leaks_getPhoto", None), ("work_orders_list", None), ("work_orders_open", None),
        ("work_orders_assignCrew", {"crew": crew}),
    ):  # fmt: skip
        case = Case(ids | {"photo_id": photo_id}, body=body)
        for other in (world.b, world.staff["officer"], own):
            reach(other, name, case, 403)
        reach(operator, name, case, 200)


DESK = {
    "new_connections_open": ("?purpose=check", None),
    "new_connections_openDocument": ("?purpose=check", None),
    "new_connections_check": ("", {"note": ""}),
    "new_connections_refuse": ("", {"reason": "documents", "text": "Fotonya tidak terbaca."}),
}


@pytest.mark.parametrize("name", DESK)
def test_an_application_for_a_connection_is_customer_services(world, name):
    case = paper(world)
    case.query, case.body = DESK[name]
    for other in (world.b, world.staff["officer"], world.staff["cashier"], world.crews[0]):
        reach(other, name, case, 403)
    reach(world.staff["water_cs"], name, case, 200)


def test_only_the_lurah_revokes_a_letter_and_others_find_none_of_the_kelurahan(world):
    application = world.approved()
    world.staff["lurah"].call("POST", f"/office/applications/{application}/sign", {})
    signed = demo.wait_for("the letter", lambda: world.a.call("GET", f"/applications/{application}")["letter_id"])
    case = Case({"letter_id": signed}, body={"reason": "Alamatnya ternyata keliru."})
    elsewhere = world.stranger.call("GET", "/office/letters?page_size=100")["letters"]
    assert signed not in {each["letter_id"] for each in elsewhere}
    for other in (world.b, world.staff["officer"], world.staff["operator"], world.crews[0]):
        reach(other, "letters_revoke", case, 403)
    reach(world.staff["lurah"], "letters_revoke", case, 200)
