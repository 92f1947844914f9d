"""What an operator does every week costs the citizens nothing: restarts, lost pods, a release that does not start, new keys."""

import time

import pytest

from deploy.cluster.kube import ask, kubectl, rolled_out
from tests.cluster import arrows
from tests.cluster.outcome import caught_up, lost_and_doubled


@pytest.mark.parametrize("name", arrows.PROCESSES)
def test_a_rolling_restart_fails_no_request(name, load, outcome):
    with outcome.of(f"rolling restart of {name}", load) as row:
        kubectl("rollout", "restart", f"deployment/{name}")
        rolled_out(f"deployment/{name}")
    assert len(row.answers) > 10
    assert row.failed == []


@pytest.mark.parametrize("name", arrows.PROCESSES)
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


def test_a_release_whose_image_is_absent_leaves_the_old_one_serving(load, outcome):
    with outcome.of("an image that is absent", load) as row:
        kubectl("set", "image", "deployment/singo-rpc", "process=malang/singo:absent")
        try:
            until = time.monotonic() + 60
            while "ImagePull" not in (reasons := waiting("singo-rpc")):
                assert time.monotonic() < until, reasons
                time.sleep(1)
            time.sleep(5)
        finally:
            kubectl("rollout", "undo", "deployment/singo-rpc")
            rolled_out("deployment/singo-rpc")
    assert row.failed == []


def test_new_signing_keys_fail_no_request(load, outcome):
    with outcome.of("rotation of the keys that sign tokens", load) as row:
        kubectl("exec", "deployment/gateway-jobs", "--", "python", "-m", "gateway", "keys", "rotate", timeout=60)
        time.sleep(10)
    assert row.failed == []


def test_after_all_that_nothing_is_lost_and_nothing_is_doubled(load):
    caught_up(within=60)
    filed = list(load.filed)
    assert len(filed) > 20
    assert lost_and_doubled(filed) == (0, 0)


def waiting(name: str) -> str:
    """Return why containers of a Deployment wait."""
    pods = ask("get", "pods", "-l", f"app.kubernetes.io/name={name}")["items"]
    states = [each["state"].get("waiting", {}) for pod in pods for each in pod["status"].get("containerStatuses", ())]
    return " ".join(each.get("reason", "") for each in states)
