"""docs/licences.md lists what is locked, and nothing is locked that may not be passed on."""

import importlib.util
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("licences", ROOT / "docs/licences.py")
assert _spec
assert _spec.loader
licences = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(licences)


def test_every_locked_package_may_be_passed_on():
    said = {name: licences.licence(name) for name, _ in licences.locked()}
    assert {name: expression for name, expression in said.items() if not licences.allowed(expression)} == {}


def test_the_page_is_what_the_locks_say():
    assert licences.PAGE.read_text() == licences.page(), "run `make licences`"


def test_what_is_installed_is_what_is_locked():
    installed = {}
    for name, wanted in licences.locked():
        try:
            installed[name] = (version(name), wanted)
        except PackageNotFoundError:
            assert name in licences.READ, f"{name} is not installed here, and nobody read its licence"
    assert {name: both for name, both in installed.items() if both[0] != both[1]} == {}


@pytest.mark.parametrize(
    ("expression", "fine"),
    [
        ("MIT", True), ("GPL-3.0-only", False), ("GPL-3.0-only OR MIT", True), ("GPL-3.0-only AND MIT", False), ("unknown", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True), ("MIT AND (GPL-2.0-only OR AGPL-3.0-only)", False), ("MIT )", False),
    ],
)  # fmt: skip
def test_an_expression_is_read_as_spdx_means_it(expression, fine):
    assert licences.allowed(expression) is fine
