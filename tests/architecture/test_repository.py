"""Rules about the whole repository, as ordinary tests."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMELESS = {"utils", "helpers", "common", "misc", "base", "managers", "manager"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def own_code() -> list[Path]:
    return [
        p for p in tracked("*.py") if "libs/malang" not in str(p) and "/tests/" not in str(p) and ROOT / "tests" not in p.parents
    ]


def test_no_module_is_named_after_nothing():
    named = [p for p in tracked("*.py") if p.stem in NAMELESS or set(p.parent.parts) & NAMELESS]
    assert named == []


def clock_reads(source: str) -> list[int]:
    """Return the lines on which code reads the time past chassis.clock."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ast.unparse(node.func)
            if re.fullmatch(r"(dt|datetime)\.(datetime\.|date\.)?(now|today|utcnow)|time\.time|date\.today", called):
                lines.append(node.lineno)
    return lines


def test_only_the_clock_reads_the_time():
    services = [p for p in own_code() if p.is_relative_to(ROOT / "services") or p.is_relative_to(ROOT / "libs")]
    found = {str(p.relative_to(ROOT)): clock_reads(p.read_text()) for p in services if p.name != "clock.py"}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_clock_rule_sees_a_breach():
    assert clock_reads("import datetime as dt\nx = dt.datetime.now()\n") == [2]
    assert clock_reads("import time\nx = time.time()\n") == [2]


@pytest.mark.parametrize("service", ["gateway", "singo", "twuin"])
def test_migrations_are_numbered_with_one_head(service):
    heads: dict[str, str | None] = {}
    for path in sorted((ROOT / "services" / service / "migrations" / "versions").glob("*.py")):
        source = path.read_text()
        revision = re.search(r'^revision(?:: str)? = "(\d{4})"', source, re.MULTILINE)
        assert revision, f"{path.name} has no numbered revision"
        assert path.name.startswith(revision[1] + "_")
        down = re.search(r'^down_revision(?:: str \| None)? = (?:"(\d{4})"|None)', source, re.MULTILINE)
        assert down, f"{path.name} names no predecessor"
        heads[revision[1]] = down[1]
    assert heads, "no migrations"
    assert len(set(heads) - {down for down in heads.values() if down}) == 1
    assert list(heads.values()).count(None) == 1


def test_only_settings_read_the_environment():
    allowed = {"settings.py"}
    readers = [
        str(p.relative_to(ROOT))
        for p in own_code()
        if (p.is_relative_to(ROOT / "services") or p.is_relative_to(ROOT / "libs"))
        and p.name not in allowed
        and "/testing/" not in str(p)
        and re.search(r"os\.(environ|getenv)", p.read_text())
    ]
    assert readers == []


def test_the_lock_names_no_index():
    for lock in tracked("requirements/*.txt"):
        text = lock.read_text()
        assert "--index-url" not in text
        assert "://" not in text
        pinned = [line for line in text.splitlines() if re.match(r"^[a-z0-9]", line)]
        assert pinned
        assert all("==" in line for line in pinned)
