"""The table of security requirements is complete, and what it names exists."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+)\.(\d+)\.(\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w./]+\.py)::(\w+)`")
REASONS = ("n/a: ", "review: ", "operator: ", "open: ")
# ASVS 5.0.0: how many requirements of level 1 and 2 each section has, in the order of its sections (0 = level 3 only).
SECTIONS = {
    1: (2, 9, 11, 3, 2), 2: (3, 3, 4, 1), 3: (0, 2, 4, 6, 5, 0, 2), 4: (3, 1, 2, 4), 5: (1, 3, 2, 3), 6: (3, 12, 4, 4, 5, 3, 0, 4),
    7: (3, 4, 2, 5, 2, 2), 8: (2, 3, 1, 1), 9: (3, 4), 10: (2, 2, 4, 11, 5, 2, 3), 11: (2, 3, 3, 4, 1, 1, 0), 12: (3, 2, 4),
    13: (1, 5, 2, 5), 14: (2, 4, 3), 15: (3, 3, 7, 0), 16: (1, 5, 4, 3, 3), 17: (1, 4, 2),
}  # fmt: skip


def rows() -> list[tuple[tuple[int, int, int], str, str]]:
    return [((int(a), int(b), int(c)), words, shown) for a, b, c, words, shown in ROW.findall(PAGE)]


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of a file's tests, those of classes too."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def missing(shown: str) -> list[str]:
    """Return the tests that a line names and that do not exist."""
    return [f"{path}::{name}" for path, name in TEST.findall(shown) if not (ROOT / path).is_file() or name not in names_in(path)]


def test_every_requirement_of_levels_1_and_2_has_one_line():
    assert sum(map(sum, SECTIONS.values())) == 253
    found = Counter((chapter, section) for (chapter, section, _), _, _ in rows())
    wanted = {(chapter, at): count for chapter, sections in SECTIONS.items() for at, count in enumerate(sections, 1) if count}
    assert found == wanted
    ids = [number for number, _, _ in rows()]
    assert len(ids) == len(set(ids))
    assert ids == sorted(ids)


@pytest.mark.parametrize("chapter", SECTIONS)
def test_every_test_that_a_line_names_exists(chapter):
    assert [each for (number, _, _), _, shown in rows() if number == chapter for each in missing(shown)] == []


def test_a_line_without_a_test_says_why():
    bare = [number for number, _, shown in rows() if not TEST.search(shown) and not shown.startswith(REASONS)]
    assert bare == []
    assert [number for number, _, shown in rows() if shown.startswith(REASONS) and len(shown) < 10] == []


def test_the_sum_on_the_page_is_that_of_its_lines():
    kinds = Counter(next((each for each in REASONS if shown.startswith(each)), "test") for _, _, shown in rows())
    said = re.search(
        r"253 requirements: (\d+) shown by tests, (\d+) do not apply, (\d+) hold .+?, (\d+) are\s.+?, (\d+) are open",
        PAGE,
        re.DOTALL,
    )
    assert said
    assert tuple(map(int, said.groups())) == tuple(kinds[each] for each in ("test", *REASONS))


def test_a_test_that_is_not_there_would_be_noticed():
    assert missing("`tests/architecture/test_security.py::test_nobody_wrote_this`") == [
        "tests/architecture/test_security.py::test_nobody_wrote_this"
    ]
    assert missing("`tests/nowhere.py::test_x`") == ["tests/nowhere.py::test_x"]
