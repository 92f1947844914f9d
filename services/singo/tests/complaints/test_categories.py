"""The data file of what can be reported."""

from __future__ import annotations

import pytest
from singo.complaints.categories import BadCategoryError, read

ONE = """
[[category]]
code = "road"
name = { id = "Jalan", en = "Road" }
hint = { id = "Di mana", en = "Where" }
respond_days = 2
resolve_days = 5
"""


def test_a_category_is_read():
    (found,) = read(ONE.encode()).values()
    assert (found.code, found.name.en, found.respond_days, found.resolve_days) == ("road", "Road", 2, 5)
    assert (found.water, found.needs_position) == (False, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "category"),
        ("[[category", "categories.toml"),
        (ONE.replace("road", "Road"), "code"),
        (ONE.replace("respond_days = 2", "respond_days = 0"), "respond_days"),
        (ONE.replace("respond_days = 2", "respond_days = 9"), "respond_days"),
        (ONE.replace(', en = "Road"', ""), "name"),
        (ONE + "colour = 1", "colour"),
        (ONE + ONE, "twice"),
    ],
)
def test_a_broken_rule_is_a_sentence(text, said):
    with pytest.raises(BadCategoryError, match=said):
        read(text.encode())
