"""Every import contract holds, and each one fails when its rule is broken."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    "libs/malang/src",
    "libs/chassis/src",
    "libs/address/src",
    "libs/workdays/src",
    "services/gateway/src",
    "services/singo/src",
    "services/twuin/src",
)
# For each contract: where to put which import that it forbids.
BREACHES = {
    "services": ("services/singo/src/singo/charter/model.py", "import twuin.vocabulary"),
    "chassis-below": ("libs/chassis/src/chassis/clock.py", "import malang.singo.v1.charter_pb2"),
    "address": ("libs/address/src/address/__init__.py", "import sqlalchemy"),
    "workdays": ("libs/workdays/src/workdays/counting.py", "import chassis.clock"),
    "chassis": ("libs/chassis/src/chassis/db/database.py", "import chassis.broker"),
    "singo": ("services/singo/src/singo/charter/loading.py", "import singo.letters"),
    "twuin": ("services/twuin/src/twuin/ledger/service.py", "import twuin.billing"),
    "gateway": ("services/gateway/src/gateway/messages/service.py", "import gateway.inbox"),
    "models": ("services/twuin/src/twuin/tariffs/model.py", "import sqlalchemy"),
    "singo-letters-tables": ("services/singo/src/singo/applications/service.py", "import singo.letters.tables"),
    "singo-applications-tables": ("services/singo/src/singo/app.py", "import singo.applications.tables"),
    "singo-complaints-tables": ("services/singo/src/singo/parts.py", "import singo.complaints.tables"),
    "twuin-connections-tables": ("services/twuin/src/twuin/metering/service.py", "import twuin.connections.tables"),
    "twuin-metering-tables": ("services/twuin/src/twuin/billing/service.py", "from twuin.metering import tables"),
    "twuin-tariffs-tables": ("services/twuin/src/twuin/billing/run.py", "import twuin.tariffs.tables"),
    "twuin-ledger-tables": ("services/twuin/src/twuin/payments/service.py", "import twuin.ledger.tables"),
    "twuin-billing-tables": ("services/twuin/src/twuin/payments/flow.py", "import twuin.billing.tables"),
    "twuin-payments-tables": ("services/twuin/src/twuin/app.py", "import twuin.payments.local_tables"),
    "twuin-work-orders-tables": ("services/twuin/src/twuin/leaks/service.py", "import twuin.work_orders.tables"),
    "twuin-leaks-tables": ("services/twuin/src/twuin/app.py", "import twuin.leaks.tables"),
    "twuin-new-connections-tables": ("services/twuin/src/twuin/parts.py", "import twuin.new_connections.tables"),
    "gateway-identity-tables": ("services/gateway/src/gateway/demo.py", "import gateway.identity.tables"),
    "gateway-inbox-tables": ("services/gateway/src/gateway/my_data.py", "import gateway.inbox.tables"),
    "gateway-errands-tables": ("services/gateway/src/gateway/my_data.py", "import gateway.errands.tables"),
    "gateway-access-log-tables": ("services/gateway/src/gateway/web/account.py", "import gateway.access_log.tables"),
    "gateway-messages-tables": ("services/gateway/src/gateway/identity/recovery.py", "import gateway.messages.tables"),
}
UNPLACED = {
    "chassis": "libs/chassis/src/chassis/unplaced.py",
    "singo": "services/singo/src/singo/unplaced.py",
    "twuin": "services/twuin/src/twuin/unplaced.py",
    "gateway": "services/gateway/src/gateway/unplaced.py",
}


def contracts() -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    start = "importlinter:contract:"
    return {name.removeprefix(start): dict(parser[name]) for name in parser.sections() if name.startswith(start)}


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """Return a copy of all source folders and of the contracts."""
    copy = tmp_path_factory.mktemp("tree")
    leave = shutil.ignore_patterns("__pycache__", "templates", "static", "translations")
    for source in SOURCES:
        shutil.copytree(ROOT / source, copy / source, ignore=leave)
    shutil.copy(ROOT / ".importlinter", copy)
    return copy


def lint(tree: Path, *only: str) -> tuple[int, str]:
    """Run the linter over a tree; its cache of the unchanged files makes each run short."""
    chosen = [argument for name in only for argument in ("--contract", name)]
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--cache-dir", str(tree / ".cache"), *chosen], cwd=tree, capture_output=True,
        text=True, check=False, env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(SOURCES), "COLUMNS": "200"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_every_contract_holds(tree):
    status, said = lint(tree)
    assert status == 0, said
    assert f"{len(contracts())} kept, 0 broken" in said


def test_every_contract_has_its_breach_below():
    assert set(BREACHES) == set(contracts())


def test_nothing_is_excused():
    assert [name for name, said in contracts().items() if said.get("ignore_imports", "").strip()] == []


def test_every_capability_with_tables_keeps_them_to_itself():
    having = {
        f"{path.parts[-3]}-{path.parts[-2]}-tables".replace("_", "-")
        for path in ROOT.glob("services/*/src/*/*/*tables.py")
    }  # fmt: skip
    assert having == {name for name in contracts() if name.endswith("-tables")}


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_seen(tree, name):
    path, line = BREACHES[name]
    source = tree / path
    before = source.read_text()
    source.write_text(before + f"\n{line}  # planted\n")
    try:
        status, said = lint(tree, name)
    finally:
        source.write_text(before)
    assert status == 1, said
    assert f"{contracts()[name]['name']} BROKEN" in said


@pytest.mark.parametrize("name", UNPLACED)
def test_a_new_module_must_be_placed(tree, name):
    source = tree / UNPLACED[name]
    source.write_text("")
    try:
        status, said = lint(tree, name)
    finally:
        source.unlink()
    assert status == 1, said
    assert f"- {name}.unplaced" in said
