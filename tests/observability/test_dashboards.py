"""Dashboards: written from the code, whole as Grafana reads them, and no query about what the platform does not expose."""

import json
from itertools import pairwise

import pytest
from exposed import metrics
from queries import series

from deploy.observability import dashboards, rules
from deploy.observability.dashboards import DASHBOARDS, WIDTH

RECORDS = {rule["record"] for group in rules.document()["groups"] for rule in group["rules"] if "record" in rule}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_file_is_what_the_code_writes(name):
    kept = (dashboards.FOLDER / f"{name}.json").read_text("utf-8")
    assert kept == dashboards.written(name), "run python -m deploy.observability.dashboards"


def test_there_is_no_file_that_the_code_does_not_write():
    assert {path.stem for path in dashboards.FOLDER.glob("*.json")} == set(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_series_of_a_query_is_exposed_with_its_labels_or_recorded(name):
    known = metrics()
    for panel in dashboards.board(name)["panels"]:
        for target in panel["targets"]:
            found = series(target["expr"])
            assert found, target["expr"]
            for metric, labels in found.items():
                assert metric in known or metric in RECORDS, target["expr"]
                assert labels <= known.get(metric, labels), target["expr"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_lie_side_by_side_and_each_query_has_a_letter_of_its_own(name):
    board = json.loads(dashboards.written(name))
    assert {"uid", "title", "schemaVersion", "panels", "templating", "time"} <= set(board)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for before, after in pairwise(panel["gridPos"] for panel in board["panels"]):
        assert (after["y"], after["x"]) > (before["y"], before["x"])
        assert after["y"] > before["y"] or after["x"] >= before["x"] + before["w"]
    for panel in board["panels"]:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= WIDTH
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters) > 0
        assert panel["datasource"]["uid"] == "${source}"
