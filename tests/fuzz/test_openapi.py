"""Any request that the OpenAPI document allows, from each role: never a server error, never another person's data.

Every other request is a valid one of which up to two values are generated, aimed at a thing that was made for it, so that
every operation is also reached with valid data.
"""

import math
import warnings
from dataclasses import replace
from typing import Any

import city as cities
import pytest
import requests
import schemathesis
from city import STAFF, Aim, Score, owned
from hypothesis import strategies as st
from owners import anything
from schemathesis import GenerationMode
from valid import OPERATIONS, ROLE, Case

ROLES = {"anyone": ("nobody", "citizen", "other"), "citizen": ("citizen", "other", "nobody"), "staff": (*STAFF, "other")}
DEMO = ("demo_",)  # the demo's mailbox shows everybody's messages; it is not there outside of the demo


@pytest.fixture(scope="module")
def document(city):
    return requests.get(f"{city.url}/api/v1/openapi.json", timeout=30).json()


@pytest.fixture(scope="module")
def aimed(document):
    """The operations as schemathesis reads them, by id."""
    warnings.simplefilter("ignore")
    schema = schemathesis.openapi.from_dict(document)
    found = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        found[operation.definition.raw["operationId"]] = operation
    return found


def test_every_operation_answers_any_request_without_a_server_error(city, aimed):
    """Prints how often each operation and each role was answered 2xx and otherwise."""
    assert set(aimed) == set(OPERATIONS)
    score = Score()
    try:
        attack(city, aimed, score)
    finally:
        print(score.table("OpenAPI", "2xx"))
    assert score.wrong == []
    assert score.unreached("2xx") == []
    assert score.total >= cities.CASES


def attack(city, aimed, score):
    for name in OPERATIONS:
        reach(city, name, score)
    allowed = [(name, role) for name in OPERATIONS for role in roles_of(name) if admitted(city, score, name, role)]
    each = max(2, math.ceil((cities.CASES - score.total) / len(allowed)))
    for name, operation in aimed.items():
        aim = Aim(city, name)
        for role in roles_of(name):
            if (name, role) in allowed:
                fire(city, operation, (name, role, aim), each, score)


def reach(city, name, score):
    """Send the valid call; once more where a busy machine was in the way."""
    for _ in range(2):
        case = city.stage(name)
        answer = cities.call(case.by, name, case)
        judge(city, score, (name, ROLE[name]), answer)
        if answer.ok:
            return


def admitted(city, score, name, role):
    """Tell whether the operation is for the role at all: an empty request is enough to see that."""
    operation = OPERATIONS[name]
    answer = cities.raw(city.people[role], operation.method, anything(operation.path))
    judge(city, score, (name, role), answer)
    return answer.status_code not in {401, 403} or operation.who == "anyone"


def roles_of(name: str) -> tuple[str, ...]:
    return ROLES.get(OPERATIONS[name].who, ROLES["citizen"] + STAFF)


def fire(city, operation, at, each, score):
    """Send requests as a role: one valid but for up to two values, one generated, in turn."""
    name, role, aim = at
    usual = role == ROLE[name]
    shots = st.tuples(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE), st.sets(st.sampled_from(names(aim.case)), max_size=2)
    )
    for place, (made, kept) in enumerate(cities.drawn(shots, each)):
        if place % 2:
            judge(city, score, (name, role), shoot(city.people[role], made))
            continue
        answer = cities.call(aim.case.by if usual else city.people[role], name, mixed(aim.case, made, kept))
        aimed = kept.isdisjoint(aim.case.ids) and not any(
            each.endswith("_id") for each in kept
        )  # else it is another thing, or a new one
        judge(city, score, (name, role), answer, at_a_thing=aimed)
        if usual and answer.ok and OPERATIONS[name].method != "GET":
            aim.used_up()


def names(case: Case) -> list[str]:
    """Return what of a valid case may be generated instead; there is always something to choose."""
    body = case.body if isinstance(case.body, dict) else {}
    return sorted({*case.ids, *case.query, *body, "language", "page_size"})


def mixed(case: Case, made: Any, kept: set[str]) -> Case:
    """Return a valid case in which the kept names have generated values."""
    body = dict(case.body) if isinstance(case.body, dict) else case.body
    if isinstance(body, dict) and isinstance(made.body, dict):
        body |= {name: value for name, value in made.body.items() if name in kept and (case.file is None or isinstance(value, str))}
    ids = {name: str(value) for name, value in (made.path_parameters or {}).items() if name in kept}
    query = {name: value for name, value in (made.query or {}).items() if name in kept}
    return replace(case, ids=case.ids | ids, query=case.query | query, body=body)


def shoot(person: cities.Person, made: Any) -> requests.Response:
    """Send a generated case as somebody."""
    path = made.path
    for name, value in (made.path_parameters or {}).items():
        path = path.replace("{" + name + "}", requests.utils.quote(str(value), safe=""))
    sent: dict[str, Any] = {"params": made.query, "headers": clean(made.headers or {})}
    if made.media_type == "application/json" and made.body is not schemathesis.core.NOT_SET:
        sent["json"] = made.body
    elif made.media_type and isinstance(made.body, dict):
        sent["files"] = [(name, (f"{name}.bin", to_bytes(value))) for name, value in made.body.items()]
    return cities.raw(person, made.method, path.removeprefix("/api/v1"), **sent)


def clean(headers: dict[str, Any]) -> dict[str, str]:
    """Return headers that the client can send at all: Latin-1 without line ends; the others never reach a server."""
    return {
        name: str(value)
        for name, value in headers.items()
        if str(value).isascii()
        and str(value).isprintable()
        and str(value) == str(value).strip()
        and name.lower() not in {"content-type", "authorization"}
    }


def to_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def judge(city, score, at, answer, *, at_a_thing=False):
    """Count an answer; note a server error, a body that is no problem document, and data of somebody else."""
    name, role = at
    score.count(name, role, "2xx" if answer.ok else str(answer.status_code))
    if answer.ok and role == "citizen" and "json" in answer.headers.get("content-type", ""):
        city.learn(answer.json())
    if answer.status_code >= 500 and answer.status_code != 503:
        score.wrong.append(f"{name} as {role}: {answer.status_code} for {answer.request.method} {answer.request.url} "
                           f"{str(answer.request.body)[:300]}: {answer.text[:300]}")  # fmt: skip
    if answer.status_code == 503 and "retry-after" not in answer.headers:
        score.wrong.append(f"{name} as {role}: 503 without Retry-After")
    if answer.status_code >= 400 and answer.headers.get("content-type") != "application/problem+json":
        score.wrong.append(f"{name} as {role}: {answer.status_code} is {answer.headers.get('content-type')}")
    if role not in {"nobody", "other"} or name.startswith(DEMO):
        return
    if at_a_thing and answer.ok and owned(name):
        score.wrong.append(f"{name} as {role} reaches a thing of another person")
    leaked = [secret for secret in city.secrets if secret in answer.text]
    if leaked and not any(secret in str(answer.request.body) + answer.request.url for secret in leaked):
        score.wrong.append(f"{name} as {role} shows data of another person")


SEEN = [name for name, operation in OPERATIONS.items() if operation.method == "GET" and owned(name)] + ["billing_listBills"]


def test_every_kind_of_thing_is_looked_at():
    assert {name.partition("_")[0] for name in SEEN} >= {
        "applications", "letters", "complaints", "connections", "metering", "billing", "payments", "new",
    }  # fmt: skip
    assert len(SEEN) >= 14


@pytest.mark.parametrize("name", SEEN)
def test_no_answer_shows_another_persons_data(city, name):
    """Citizen B and nobody ask for a thing of A by its true id."""
    case = city.stage(name)
    assert cities.call(case.by, name, case).ok
    for role, status in (("other", 404), ("nobody", 401)):
        answer = cities.call(city.people[role], name, case)
        assert answer.status_code == status, answer.text
        assert not [secret for secret in city.secrets if secret in answer.text]
