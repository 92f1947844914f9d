"""Charts as pictures."""

import xml.etree.ElementTree as ET

from gateway.web.charts import Bar, bars, nice_top
from hypothesis import given
from hypothesis import strategies as st


def _drawn(items):
    return ET.fromstring(bars(items, title="Pemakaian <m³>", description="a & b", unit="m³"))


@given(st.integers(min_value=0, max_value=10**9))
def test_the_top_of_the_scale_is_not_below_the_highest_bar_and_divides_by_four(largest):
    assert nice_top(largest) >= max(largest, 4)
    assert nice_top(largest) % 4 == 0


@given(st.lists(st.integers(min_value=0, max_value=10**6), max_size=24))
def test_bars_stay_inside_of_the_picture(values):
    for rect in _drawn([Bar("Okt", value, str(value)) for value in values]).iter("rect"):
        assert 0 <= float(rect.get("y")) <= 250
        assert float(rect.get("height")) >= 0
        assert float(rect.get("x")) + float(rect.get("width")) <= 640.1


def test_the_picture_has_a_title_and_a_description_for_those_who_do_not_see_it():
    picture = _drawn([Bar("Okt", 12, "12", estimated=True)])
    assert picture.get("role") == "img"
    assert picture.find("title").text == "Pemakaian <m³>"
    assert picture.find("desc").text == "a & b"
    assert picture.find("rect").get("class") == "bar estimated"
