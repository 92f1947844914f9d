"""The platform on a cluster is the platform: everything Ready where `restricted` is enforced, and the errands through one URL."""

import subprocess

from deploy.cluster import __main__ as commands
from deploy.cluster.kube import NAMESPACE, ask, kubectl
from deploy.local import demo


def test_everything_is_ready_and_nothing_was_killed(url):
    pods = [each for each in ask("get", "pods")["items"] if each["metadata"]["labels"].get("app.kubernetes.io/part-of") == "malang"]
    running = [each for each in pods if each["status"]["phase"] != "Succeeded" and "deletionTimestamp" not in each["metadata"]]
    assert len(running) >= 18
    for pod in running:
        name = pod["metadata"]["name"]
        assert all(each["ready"] for each in pod["status"]["containerStatuses"]), name
        ended = [each["lastState"].get("terminated", {}).get("reason") for each in pod["status"]["containerStatuses"]]
        assert "OOMKilled" not in ended, name


def test_the_namespace_lets_no_unrestricted_pod_in(url):
    asked = ["kubectl", "-n", NAMESPACE, "run", "intruder", "--image=malang/gateway:any", "--dry-run=server"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert 'violates PodSecurity "restricted' in done.stderr


def test_each_migration_ran_to_its_end(url):
    said = kubectl("get", "jobs", "-o", "jsonpath={range .items[*]}{.metadata.name}={.status.succeeded} {end}").split()
    assert {"gateway-migrate=1", "singo-migrate=1", "twuin-migrate=1"} <= set(said)


def test_the_four_errands_go_through_the_nodeport(url):
    assert demo.main(commands.STATE.home) == 0
