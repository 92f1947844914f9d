"""Staff of another kelurahan, crew or agency, and guests: each finds or may do what is theirs and no more."""

import pytest
from owners import anything, reach, world
from valid import CREW, OPERATIONS, Case, case_of
from world import report

from deploy.local.demo import Person

__all__ = ["world"]  # a fixture

REPORTS = (
    "complaints_open", "complaints_openPhoto", "complaints_assign", "complaints_answer", "complaints_resolve", "complaints_refuse",
)  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_opened_and_moved_by_its_kelurahan_only(world, name):
    case = case_of(world, name)
    reach(world.stranger, name, case, 404)
    reach(world.b, name, case, 403)
    for other in (world.crews[0], world.staff["operator"], world.staff["water_cs"]):
        reach(other, name, case, 403)
    reach(world.staff["officer"], name, case, 200)


def test_a_guest_reaches_the_own_reports_and_nothing_else(world):
    token = reach(Person(world.url), "guest_token", case_of(world, "guest_token"), 200)["access_token"]
    guest = Person(world.url, token)
    own, theirs = report(guest, "road"), world.report()
    assert guest.call("GET", f"/complaints/{own}")["guest"] is True
    assert [each["complaint_id"] for each in guest.call("GET", "/complaints")["complaints"]] == [own]
    guest.call("GET", f"/complaints/{theirs}", expect=404)
    world.a.call("GET", f"/complaints/{own}", expect=404)
    for operation in OPERATIONS.values():
        if operation.who not in {"anyone", "reporter"}:
            body = None if operation.method == "GET" else {}
            guest.call(operation.method, anything(operation.path), body, expect=401)


@pytest.mark.parametrize("name", sorted(set(CREW) - {"work_orders_listMine"}))
def test_a_crew_finds_no_work_of_another_crew_and_nobody_else_does_its_work(world, name):
    case = case_of(world, name)
    own = case.by
    for crew in world.crews:
        if crew is not own:
            reach(crew, name, case, 404)
    for other in (world.b, world.staff["officer"], world.staff["cashier"]):
        reach(other, name, case, 403)
    if name != "work_orders_getPhoto":  # which the operator may see, too
        reach(world.staff["operator"], name, case, 403)
    reach(own, name, case, OPERATIONS[name].status)


def test_a_crew_lists_its_own_work_only(world):
    number, _, own = world.order_of(world.report("water_leak"))
    for crew in world.crews:
        for completed in ("true", "false"):
            listed = reach(crew, "work_orders_listMine", Case(query={"completed": completed, "page_size": "100"}), 200)
            numbers = {each["number"] for each in listed["work_orders"]}
            assert (number in numbers) == (crew is own and completed == "false")


BOARD = ("leaks_board", "leaks_get", "leaks_getPhoto", "work_orders_list", "work_orders_open", "work_orders_assignCrew")


@pytest.mark.parametrize("name", BOARD)
def test_the_board_of_leaks_is_the_operators_and_customer_services(world, name):
    case = case_of(world, name)
    for other in (world.b, world.staff["officer"], *world.crews):
        reach(other, name, case, 403)
    reach(world.staff["operator"], name, case, 200)


DESK = ("new_connections_open", "new_connections_openDocument", "new_connections_check", "new_connections_refuse")


@pytest.mark.parametrize("name", DESK)
def test_an_application_for_a_connection_is_customer_services(world, name):
    case = case_of(world, name)
    for other in (world.b, world.staff["officer"], world.staff["cashier"], world.crews[0]):
        reach(other, name, case, 403)
    reach(world.staff["water_cs"], name, case, 200)


def test_only_the_lurah_revokes_a_letter_and_others_find_none_of_the_kelurahan(world):
    case = case_of(world, "letters_revoke")
    elsewhere = world.stranger.call("GET", "/office/letters?page_size=100")["letters"]
    assert case.ids["letter_id"] not in {each["letter_id"] for each in elsewhere}
    for other in (world.b, world.staff["officer"], world.staff["operator"], world.crews[0]):
        reach(other, "letters_revoke", case, 403)
    reach(world.staff["lurah"], "letters_revoke", case, 200)
