"""The OpenAPI document says what the application does: no route more, none less."""

import re

import pytest
from gateway.api import openapi
from gateway.api.own import OWN
from gateway.api.remote import REMOTE
from openapi_spec_validator import OpenAPIV31SpecValidator

PREFIX = "/api/v1"
ABOUT_ITSELF = {f"{PREFIX}/openapi.json", f"{PREFIX}/docs"}
OPERATIONS = {operation.name: operation for operation in (*REMOTE, *OWN)}


@pytest.fixture(scope="module")
def document():
    return openapi.document("https://layanan.contoh.id")


def described(document):
    """Return what the document lists, by (method, path)."""
    return {(method.upper(), path): said for path, item in document["paths"].items() for method, said in item.items()}


def test_the_document_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    assert [str(wrong) for wrong in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_the_validator_would_notice(document):
    broken = document | {"paths": {"/x/{id}": {"get": {"responses": {"200": {}}}}}}
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_every_route_of_the_api_is_described_with_its_parameters_and_nothing_else_is(app, document):
    served = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(f"{PREFIX}/") and rule.rule not in ABOUT_ITSELF:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix(PREFIX))
            served |= {(method, path, frozenset(rule.arguments)) for method in rule.methods - {"HEAD", "OPTIONS"}}
    said = {
        (method, path, frozenset(p["name"] for p in operation["parameters"] if p["in"] == "path"))
        for (method, path), operation in described(document).items()
    }
    assert served == said
    assert len(served) == len(OPERATIONS)


def test_every_operation_says_who_may_call_it_and_what_goes_wrong(document):
    for (method, path), said in described(document).items():
        operation = OPERATIONS[said["operationId"]]
        assert bool(said["security"]) == (operation.who != "anyone"), path
        assert {"404", "422", "429", "503"} <= set(said["responses"]), path
        assert ("401" in said["responses"]) == (operation.who != "anyone"), path
        assert str(operation.status) in said["responses"], path
        assert ("requestBody" in said) <= (method in {"POST", "PUT"}), path


def test_every_operation_that_takes_a_key_says_so_and_the_routes_hold_it(app, document):
    from gateway.edge.idempotency import is_idempotent

    for operation in OPERATIONS.values():
        said = document["paths"][operation.path][operation.method.lower()]
        names = {p["name"] for p in said["parameters"] if p["in"] == "header"}
        assert ("Idempotency-Key" in names) == operation.keyed == is_idempotent(app.view_functions[f"api.{operation.name}"])


def test_whatever_creates_or_pays_for_a_person_takes_a_key():
    # A POST that starts something at a service and answers 201 or 202 must be safe to send again.
    keyless = {op.name for op in REMOTE if op.method == "POST" and op.status in {201, 202} and not op.keyed}
    assert keyless == set()


def test_the_document_is_served_to_anyone_and_names_where_the_api_stands(app, settings):
    answer = app.test_client().get(f"{PREFIX}/openapi.json")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.get_json() == openapi.document(settings.public_url)
    assert answer.get_json()["servers"] == [{"url": f"{settings.public_url}{PREFIX}"}]


def test_the_reader_shows_every_operation_and_runs_no_script_but_the_portals(app, document):
    page = app.test_client().get(f"{PREFIX}/docs")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert all(tag.startswith('<script src="/static/portal.js') for tag in re.findall(r"<script[^>]*>", text, re.IGNORECASE))
    assert not re.search(r"\son\w+=", text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)  # nothing from elsewhere
    for method, path in described(document):
        assert method in text
        assert path in text, path
