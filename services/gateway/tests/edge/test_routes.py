"""Rules that hold for every route there is."""

import re

import pytest
from flask import url_for
from gateway.edge import access_of
from gateway.edge.idempotency import is_idempotent


def views(app):
    return [(rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules() if not rule.endpoint.endswith("static")]


def test_every_route_says_who_may_call_it(app):
    assert [rule.rule for rule, view in views(app) if not access_of(view)] == []


def test_nothing_below_the_office_is_open_to_citizens_or_anybody(app):
    for rule, view in views(app):
        if rule.rule.startswith(("/kantor", "/api/v1/office")) and not rule.rule.startswith("/kantor/masuk"):
            assert access_of(view).startswith("staff"), rule.rule


@pytest.mark.parametrize("path", ["/api/v1/payments", "/api/v1/applications", "/bayar"])
def test_what_creates_or_pays_takes_an_idempotency_key(app, path):
    found = [view for rule, view in views(app) if rule.rule == path and "POST" in rule.methods]
    assert found
    assert all(is_idempotent(view) for view in found)


def example(rule, name):
    """Return a value that the rule's converter takes."""
    converter = rule._converters[name]
    offered = [*sorted(getattr(converter, "items", ())), "x", "00000000-0000-4000-8000-000000000000"]
    return next(value for value in offered if re.fullmatch(converter.regex, value))


def test_a_stranger_gets_nothing_but_a_way_to_sign_in_from_any_closed_route(app):
    client = app.test_client()
    for rule, view in views(app):
        if access_of(view) == "public" or "GET" not in rule.methods:
            continue
        with app.test_request_context():
            path = url_for(rule.endpoint, **{name: example(rule, name) for name in rule.arguments})
        answer = client.get(path)
        assert answer.status_code in ({401} if path.startswith("/api/") else {303}), (path, answer.status_code)
