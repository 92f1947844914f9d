"""Whose a thing is: an operation called by somebody, with what must come of it."""

from typing import Any
from urllib.parse import urlencode

import pytest
from gateway.api import openapi
from valid import OPERATIONS, Case
from world import World, settle

from deploy.local.demo import Person


@pytest.fixture(scope="module")
def world(running) -> World:
    return settle(running)


def reach(person: Person | None, name: str, case: Case, expect: int) -> Any:
    """Call an operation as somebody; Surprise when the answer has another status."""
    assert person is not None
    operation = OPERATIONS[name]
    path = operation.path.format(**case.ids) + (f"?{urlencode(case.query)}" if case.query else "")
    return person.call(operation.method, path, case.body, expect=expect, file=case.file)


def anything(path: str) -> str:
    """Return a path with an id of nothing in each place."""
    for parameter in openapi.parameters(path):
        path = path.replace(f"{{{parameter}}}", "00000000-0000-4000-8000-000000000000")
    return path
