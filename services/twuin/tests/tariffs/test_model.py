from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twuin import tariffs
from twuin.tariffs import files
from twuin.tariffs.model import Block, check

JAYA = {
    tariff.group: tariff
    for tariff in files.parse("pam_jaya_2007.toml", Path(__file__).with_name("pam_jaya_2007.toml").read_text(encoding="utf-8"))
}


@st.composite
def blocks(draw):
    widths = draw(st.lists(st.integers(1, 50), max_size=5))
    made, start = [], 1
    for width in widths:
        made.append(Block(start, start + width - 1, draw(st.integers(0, 20_000))))
        start += width
    return (*made, Block(start, None, draw(st.integers(0, 20_000))))


@pytest.mark.parametrize(
    ("group", "volume", "rupiah"),
    [
        ("IIIA", 25, 110_000), ("IIIA", 0, 0), ("IIIA", 10, 35_500), ("IIIA", 11, 40_200), ("IIIA", 20, 82_500), ("IIIA", 21, 88_000),
        ("I", 25, 26_250), ("II", 21, 22_575), ("IIIB", 30, 183_500), ("IVA", 15, 109_000), ("IVB", 7, 87_850), ("V", 1, 14_650),
    ],
)  # fmt: skip
def test_prices_the_pam_jaya_table_to_the_rupiah(group, volume, rupiah):
    assert tariffs.total(tariffs.explain(JAYA[group], volume)) == rupiah


def test_explains_each_block_that_is_reached():
    lines = tariffs.explain(JAYA["IIIA"], 25)
    assert [(line.quantity, line.unit_price, line.amount) for line in lines] == [
        (10, 3550, 35_500), (10, 4700, 47_000), (5, 5500, 27_500),
    ]  # fmt: skip
    assert lines[0].name_id == "Pemakaian 1–10 m³"
    assert lines[2].name_en == "Use above 20 m³"


@given(blocks(), st.integers(0, 500))
def test_costs_what_its_cubic_metres_cost_one_by_one(made, volume):
    def price(cubic_metre):
        return next(block.price for block in made if block.from_m3 <= cubic_metre <= (block.to_m3 or cubic_metre))

    lines = tariffs.use_lines(made, volume)
    assert tariffs.total(lines) == sum(price(each) for each in range(1, volume + 1))
    assert sum(line.quantity for line in lines) == volume


@given(blocks(), st.integers(0, 400), st.integers(0, 400))
def test_more_use_never_costs_less(made, less, more):
    assert tariffs.total(tariffs.use_lines(made, less)) <= tariffs.total(tariffs.use_lines(made, less + more))


@pytest.mark.parametrize(
    "made",
    [
        [], [Block(1, 10, 5)], [Block(2, None, 5)], [Block(1, 10, 5), Block(12, None, 6)], [Block(1, None, 5), Block(11, None, 6)],
        [Block(1, 10, 5), Block(10, None, 6)], [Block(1, None, -1)],
    ],
)  # fmt: skip
def test_refuses_blocks_that_leave_a_gap_overlap_or_end(made):
    with pytest.raises(ValueError, match="block"):
        check(made)


def test_charges_fixed_parts_also_when_nothing_was_used():
    demo = next(tariff for tariff in tariffs.read("") if tariff.group == "IIIA")
    lines = tariffs.explain(demo, 0)
    assert [line.code for line in lines] == ["meter_maintenance", "administration"]
    assert tariffs.total(lines) == 7_500


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("effective_from = 2025-01-01", "source"),
        ('effective_from = 2025-01-01\nsource = "x"\ngroups = []', "groups"),
        ('effective_from = 2025-01-01\nsource = "x"\ngroups = [{group="I", name_id="I", name_en="I", blocks=[{to=10, price=-5}]}]', "price"),
        ('effective_from = 2025-01-01\nsource = "x"\ngroups = [{group="I", name_id="I", name_en="I", blocks=[{to=10, price=5}]}]', "open"),
        ("not toml", "tariff.toml"),
    ],
)  # fmt: skip
def test_says_which_file_and_rule_is_wrong(text, said):
    with pytest.raises(tariffs.TariffFileWrong, match=said):
        files.parse("tariff.toml", text)
