"""The drill in its short form, on both buses: a few faults of each sort, and a history without a loss or a double.

`make drill` lets every fault strike, each crash point a hundred times.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import checks
from drill import drill, ground
from history import History, Step, table
from running import BUSES

SHORT = (
    "kill -9, each process in turn",
    "crash: commit_acknowledge",
    "crash: acknowledge_sent",
    "crash: effect_offset",
    "crash: callback_commit",
    "crash: pdf_signed",
    "database sessions ended",
    "poison message",
    "network cut: services–PostgreSQL",
)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("bus", BUSES)
def test_nothing_acknowledged_is_lost_or_doubled(bus, tmp_path):
    with ground(bus, tmp_path) as (running, nemesis):
        tallies, broken = drill(running, nemesis, rounds=lambda _name: 1, only=SHORT)
        invented = History()
        invented.steps.append(Step("signed", "00000000-0000-0000-0000-000000000000", "none", acknowledged=True))
        lost, _ = checks.verdict(running, invented)
    print(table(tallies))
    assert broken == []
    assert lost == invented.steps, "a step that never was is not missed"
    assert [name for name, tally in tallies.items() if not tally.hits] == []
    assert sum(tally.acknowledged for tally in tallies.values()) > len(SHORT)
