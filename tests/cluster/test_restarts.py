"""Restarts and lost pods cost the citizens nothing."""

import os

import pytest

from deploy.cluster.kube import ask, kubectl, rolled_out
from tests.cluster import arrows
from tests.cluster.outcome import caught_up, lost_and_doubled

# One of each kind; all of them where CLUSTER_FULL is set.
CHOSEN = arrows.PROCESSES if "CLUSTER_FULL" in os.environ else ("gateway-web", "singo-rpc", "twuin-consume", "singo-relay")
pytestmark = pytest.mark.usefixtures("errands")


@pytest.mark.parametrize("name", CHOSEN)
def test_a_rolling_restart_fails_no_request(name, load, outcome):
    with outcome.of(f"rolling restart of {name}", load) as row:
        kubectl("rollout", "restart", f"deployment/{name}")
        rolled_out(f"deployment/{name}")
    assert len(row.answers) > 10
    assert row.failed == []


@pytest.mark.parametrize("name", CHOSEN)
def test_a_deleted_pod_fails_no_request(name, load, outcome):
    pod = next(
        each["metadata"]["name"]
        for each in ask("get", "pods", "-l", f"app.kubernetes.io/name={name}")["items"]
        if "deletionTimestamp" not in each["metadata"]
    )
    with outcome.of(f"deletion of a pod of {name}", load) as row:
        kubectl("delete", "pod", pod, timeout=120)
        rolled_out(f"deployment/{name}")
    assert row.failed == []


def test_after_all_that_nothing_is_lost_and_nothing_is_doubled(load):
    caught_up(within=60)
    filed = list(load.filed)
    assert len(filed) > 20
    assert lost_and_doubled(filed) == (0, 0)


def test_whole_errands_went_through_meanwhile(errands):
    errands.finish()
    assert errands.broken == []
    assert errands.done >= 1
