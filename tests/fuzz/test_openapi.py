"""Any request that the OpenAPI document allows, from each role: never a server error, never another person's data."""

import warnings
from collections import Counter
from typing import Any

import city as cities
import pytest
import requests
import schemathesis
from gateway.api import openapi
from gateway.api.own import OWN
from gateway.api.remote import REMOTE
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

OPERATIONS = {operation.name: operation for operation in (*REMOTE, *OWN)}
STAFF = ("officer", "lurah", "water_cs", "cashier", "crew", "operator", "admin")
ROLES = {"anyone": ("nobody", "citizen", "other"), "citizen": ("citizen", "other", "nobody"), "staff": (*STAFF, "other")}
# They would end what every other case needs: the session itself, the account of a role, the person's own sign-in.
ENDING = {"me_sessions_end", "me_session_end", "me_password"}
# These use up what others aim at, so they come last.
LAST = ("_discardDraft", "_removeAttachment", "_unlink", "_withdraw", "_cancel", "_email_forget", "_unfollow", "_refuse")
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


def aim(city: cities.City, path: str, shot: int) -> dict[str, str]:
    """Return ids that are there for the parameters of a path, as far as answers have shown any."""
    chosen = {}
    if path == "/charter/kinds/{code}":
        return {"code": str(cities.SENSIBLE["kind"])}
    for name in openapi.parameters(path):
        known = sorted(city.ids.get(name, ())) or sorted(city.ids.get(name.rpartition("_")[2], ()))
        if known:
            chosen[name] = known[shot % len(known)]
    return chosen


def shoot(city: cities.City, role: str, case: Any, aimed_at: dict[str, str] | None) -> requests.Response:
    """Send one generated case as a role, at a thing that is there where one is known."""
    person = city.people[role]
    headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
    if aimed_at is not None:
        headers = {}  # a key of our own, so that the body is what is judged
    path = case.path
    for name, value in {**(case.path_parameters or {}), **(aimed_at or {})}.items():
        path = path.replace("{" + name + "}", requests.utils.quote(str(value), safe=""))
    sent: dict[str, Any] = {"params": plausible(city, case.query) if aimed_at is not None else case.query}
    if case.media_type == "application/json" and case.body is not schemathesis.core.NOT_SET:
        sent["json"] = plausible(city, case.body) if aimed_at is not None else case.body
    elif case.media_type and isinstance(case.body, dict):
        sent["files"] = [(name, (f"{name}.bin", to_bytes(value))) for name, value in case.body.items()]
    return cities.raw(person, case.method, path.removeprefix("/api/v1"), headers=clean(headers), **sent)


def plausible(city: cities.City, body: Any) -> Any:
    """Return a generated body whose ids and numbers are ones that are there, as far as any are known."""
    if isinstance(body, dict):
        return {name: _there(city, name, value) for name, value in body.items()}
    return body


def _there(city: cities.City, name: str, value: Any) -> Any:
    if name == "fields":
        return {"purpose": "Pembukaan rekening bank"}
    if name in cities.SENSIBLE:
        return cities.SENSIBLE[name]
    known = sorted(city.ids.get(name, ()) or city.ids.get(name.removesuffix("s"), ()))
    if isinstance(value, str) and known:
        return known[0]
    if isinstance(value, list) and known:
        return known[:1]
    return plausible(city, value)


def clean(headers: dict[str, Any]) -> dict[str, str]:
    """Return headers that the client can send at all: Latin-1 without line ends; the others never reach a server."""
    return {
        name: str(value)
        for name, value in headers.items()
        if str(value).isascii() and str(value).isprintable() and str(value) == str(value).strip() and name.lower() != "content-type"
    }


def to_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def test_every_operation_answers_any_request_without_a_server_error(city, aimed):
    """Prints how many cases of each operation were answered 2xx, 4xx and otherwise."""
    assert set(aimed) >= set(OPERATIONS)
    table: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    allowed = {(name, role) for name in aimed if name not in ENDING for role in roles_of(name) if admitted(city, name, role, table)}
    each = max(2, cities.CASES // len(allowed))
    for name, operation in sorted(aimed.items(), key=lambda each: (each[0].endswith(LAST), each[0])):
        if name in ENDING:
            continue
        for role in roles_of(name):
            if (name, role) in allowed:
                fire(city, operation, role, each, (table, wrong))
    report(table)
    assert wrong == []
    assert sum(sum(counts.values()) for counts in table.values()) >= min(cities.CASES // 2, 500)


def admitted(city, name, role, table):
    """Tell whether the operation is for the role at all: an empty request is enough to see that."""
    if (operation := OPERATIONS.get(name)) is None:
        return True
    path = operation.path
    for parameter in openapi.parameters(path):
        path = path.replace("{" + parameter + "}", "00000000-0000-4000-8000-000000000000")
    answer = cities.raw(city.people[role], operation.method, path)
    table.setdefault(name, Counter())[f"{answer.status_code // 100}xx" if answer.ok else str(answer.status_code)] += 1
    return answer.status_code not in {401, 403} or operation.who == "anyone"


def roles_of(name: str) -> tuple[str, ...]:
    who = OPERATIONS[name].who if name in OPERATIONS else "anyone"
    return ROLES.get(who, ROLES["citizen"] + STAFF)


def fire(city, operation, role, each, said):
    name, (table, wrong) = operation.definition.raw["operationId"], said
    counts = table.setdefault(name, Counter())
    shot = Counter()

    @seed(2026)
    @settings(max_examples=each, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def one(case):
        shot["n"] += 1
        aimed_at = aim(city, OPERATIONS[name].path, shot["n"] // 2) if name in OPERATIONS and shot["n"] % 2 else None
        answer = shoot(city, role, case, aimed_at)
        if answer.ok and role == "citizen" and "json" in answer.headers["content-type"]:
            city.learn(answer.json())
        counts["2xx" if answer.ok else str(answer.status_code)] += 1
        judge(city, name, role, answer, wrong)

    one()


def judge(city, name, role, answer, wrong):
    """Note a server error, a body that is no problem document, and data of somebody else."""
    if answer.status_code >= 500 and answer.status_code != 503:
        wrong.append(f"{name} as {role}: {answer.status_code} for {answer.request.method} {answer.request.url} "
                     f"{str(answer.request.body)[:300]}: {answer.text[:300]}")  # fmt: skip
    if answer.status_code == 503 and "retry-after" not in answer.headers:
        wrong.append(f"{name} as {role}: 503 without Retry-After")
    if answer.status_code >= 400 and answer.headers.get("content-type") != "application/problem+json":
        wrong.append(f"{name} as {role}: {answer.status_code} is {answer.headers.get('content-type')}")
    if role in {"nobody", "other"} and not name.startswith(DEMO):
        leaked = [secret for secret in city.secrets if secret in answer.text]
        if leaked and not any(secret in str(answer.request.body) + answer.request.url for secret in leaked):
            wrong.append(f"{name} as {role} shows data of another person")


def report(table: dict[str, Counter[str]]) -> None:
    reached = sum(1 for counts in table.values() if counts["2xx"])
    total = sum(sum(counts.values()) for counts in table.values())
    print(f"\n{total} requests, {reached} of {len(table)} operations reached with valid data (2xx)")
    for name, counts in table.items():
        print(f"  {name:40} {'  '.join(f'{code} {count}' for code, count in sorted(counts.items()))}")


def test_no_answer_shows_another_persons_data(city):
    """Citizen B and nobody ask for every single thing of A by its true id."""
    owner, seen = city.people["citizen"], 0
    for operation in OPERATIONS.values():
        if operation.method != "GET" or operation.who not in {"citizen", "signed_in", "reporter"} or operation.name in ENDING:
            continue
        for ids in aims(city, operation.path):
            path = operation.path.format(**ids)
            mine = cities.raw(owner, "GET", path)
            for role in ("other", "nobody"):
                answer = cities.raw(city.people[role], "GET", path)
                assert answer.status_code < 500, path
                assert not [secret for secret in city.secrets if secret in answer.text], f"{path} as {role}"
                if ids and mine.ok:
                    assert answer.status_code in {401, 404}, f"{path} as {role}"
                    seen += 1
    assert seen >= 8, "many of A's things were aimed at"


def aims(city, path):
    names = openapi.parameters(path)
    if not names:
        return [{}]
    return [dict.fromkeys(names, value) for value in sorted(city.ids.get(names[0], ()))] if len(names) == 1 else []
