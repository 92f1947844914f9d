"""When an engine's pod goes, errors come only where the errand needs it, each in one sentence; when it is back, all is caught up."""

import json
import time

import pytest

from deploy.cluster.kube import kubectl, rolled_out
from tests.cluster.outcome import caught_up, lost_and_doubled


@pytest.mark.parametrize("engine", ["redis", "kafka"])
def test_no_errand_needs_the_cache_or_the_bus_to_begin(engine, load, outcome):
    with outcome.of(f"deletion of {engine}-0", load) as row:
        kubectl("delete", "pod", f"{engine}-0", timeout=120)
        rolled_out(f"statefulset/{engine}")
    assert row.failed == []
    assert caught_up(within=30) < 30


def test_without_a_database_people_are_told_in_one_sentence_and_what_was_accepted_stays(load, outcome):
    with outcome.of("deletion of postgres-0", load) as row:
        kubectl("delete", "pod", "postgres-0", timeout=120)
        rolled_out("statefulset/postgres")
        back = time.monotonic()
        while not any(200 <= each.status < 300 for each in load.since(back)):
            assert time.monotonic() - back < 30, "nobody is answered though the database is back"
            time.sleep(0.2)
    # No pod is Ready without its database: then the NodePort itself refuses, which is no sentence of ours.
    for each in row.failed:
        if each.status and each.what.split()[1].startswith("/api/"):
            assert each.status in {503, 504}, each
            assert json.loads(each.said)["detail"].count(".") <= 2, each
    assert caught_up(within=30) < 30


def test_what_was_accepted_meanwhile_is_neither_lost_nor_doubled(load):
    assert lost_and_doubled(list(load.filed)) == (0, 0)
