"""What the runbook tells an operator to type is typed here, on the cluster as it stands."""

import os
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.cluster import __main__ as commands
from deploy.cluster.kube import ask, kubectl, rolled_out
from deploy.local.visitors import Person, Surprise
from tests.cluster.faults import denied
from tests.cluster.outcome import sql

PAGE = (Path(__file__).resolve().parents[2] / "docs/runbook.md").read_text("utf-8")
QUOTED = [" ".join(each.split()) for each in re.findall(r"`([^`]+)`", PAGE)]
LINES = list(dict.fromkeys(each for each in QUOTED if each.startswith("kubectl ")))
QUERIES = list(dict.fromkeys(each for each in QUOTED if each.startswith("select ")))


@dataclass(frozen=True)
class Trial:
    """How a line is tried: what its output holds, what stands for its placeholders, what comes before and after it."""

    says: str = ""
    filled: Callable[[], dict[str, str]] = dict
    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None
    slow: bool = False  # it replaces pods; the gate's short form leaves it out


def fails(service: str, table: str, path: str) -> Callable[[], None]:
    """Return what lets one request of a citizen fail for a reason that nobody foresaw."""

    def once() -> None:
        known: Any = commands.STATE.read("signins")["citizens"]
        url = str(commands.STATE.read("ports")["url"])
        body = {"identifier": known[0]["nik"], "password": known[0]["password"]}
        person = Person(url, Person(url).call("POST", "/auth/tokens", body)["access_token"])
        with denied(service, table), pytest.raises(Surprise, match="answered 500"):
            person.call("GET", path)

    return once


def restarted() -> dict[str, str]:
    """Return a pod of a relay whose process has ended once."""
    (pod,) = ask("get", "pods", "-l", "app.kubernetes.io/name=twuin-relay")["items"]
    name = str(pod["metadata"]["name"])
    kubectl("exec", name, "--", "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
    until = time.monotonic() + 60
    while not (state := ask("get", "pod", name)["status"]["containerStatuses"][0])["restartCount"] or not state["ready"]:
        assert time.monotonic() < until, state
        time.sleep(0.5)
    return {"POD": name}


def second_revision() -> None:
    kubectl("set", "env", "deployment/twuin-rpc", "TRIED_BY=runbook")
    rolled_out("deployment/twuin-rpc")


def first_revision_again() -> None:
    rolled_out("deployment/twuin-rpc")
    (container,) = ask("get", "deployment", "twuin-rpc")["spec"]["template"]["spec"]["containers"]
    assert "TRIED_BY" not in {each["name"] for each in container.get("env", ())}


def nobody_serves_twuin() -> None:
    """See that people are told in one sentence, then bring twuin back."""
    url = str(commands.STATE.read("ports")["url"])
    try:
        kubectl("wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=twuin-rpc", "--timeout=90s")
        with pytest.raises(Surprise, match="answered 503"):
            Person(url).call("GET", "/tariffs")
    finally:
        scaled("twuin-rpc", 2)


def three_take_facts_then_one() -> None:
    rolled_out("deployment/twuin-consume")
    scaled("twuin-consume", 1)


def scaled(deployment: str, replicas: int) -> None:
    kubectl("scale", f"deployment/{deployment}", f"--replicas={replicas}")
    rolled_out(f"deployment/{deployment}")


def complete(job: str) -> None:
    kubectl("wait", "--for=condition=complete", f"job/{job}", "--timeout=180s", timeout=190)


# In the order of the page: what a line leaves is what a later one finds.
TRIALS = {
    "kubectl logs -l app.kubernetes.io/name=twuin-rpc --tail -1": Trial('"level":"info"'),
    "kubectl config set-context --current --namespace malang": Trial("modified"),
    "kubectl exec postgres-0 -- psql -U postgres -d twuin -c 'select 1'": Trial("1 row"),
    """kubectl logs -l app.kubernetes.io/name=gateway-web --since 10m --tail -1 | grep '"level":"error"'""": Trial(
        '"request_id"', before=fails("gateway", "notice", "/me/notices")
    ),
    "kubectl rollout restart deployment/twuin-rpc": Trial("restarted", after=lambda: rolled_out("deployment/twuin-rpc"), slow=True),
    "kubectl get pods -l app.kubernetes.io/name=twuin-relay": Trial("Running"),
    "kubectl describe pod -l app.kubernetes.io/name=twuin-relay": Trial("Events"),
    "kubectl logs --previous POD": Trial("stopped", filled=restarted),
    "kubectl scale deployment/twuin-rpc --replicas 0": Trial("scaled", after=nobody_serves_twuin, slow=True),
    "kubectl logs -l app.kubernetes.io/name=singo-rpc --since 1h --tail -1 | grep call_failed": Trial(
        "InsufficientPrivilege", before=fails("singo", "complaint", "/complaints")
    ),
    "kubectl rollout status deployment/gateway-web --timeout 5m": Trial("successfully rolled out"),
    "kubectl rollout undo deployment/twuin-rpc": Trial(
        "rolled back", before=second_revision, after=first_revision_again, slow=True
    ),
    "kubectl scale deployment/twuin-consume --replicas 3": Trial("scaled", after=three_take_facts_then_one, slow=True),
    "kubectl get hpa": Trial("gateway-web"),
    "kubectl exec deployment/gateway-web -- python -m gateway keys rotate": Trial(),
    "kubectl rollout restart deployment": Trial(
        "gateway-web restarted", after=lambda: rolled_out(*commands.deployments()), slow=True
    ),
    "kubectl exec deployment/twuin-consume -- python -m twuin redrive": Trial('"open": 0'),
    "kubectl exec deployment/singo-jobs -- python -m singo restate letters": Trial('"restated"'),
    "kubectl create job now --from=cronjob/backup": Trial("created", after=lambda: complete("now")),
    "kubectl create job drill --from=cronjob/restore-drill": Trial("created", after=lambda: complete("drill")),
    "kubectl logs job/drill": Trial("singo: [0-9]+ rows came back"),
    "kubectl delete job now drill": Trial('"now" deleted'),
    "kubectl exec deployment/gateway-jobs -- python -m gateway staff add NAME --name … --role officer --area 35.73.03.1008": Trial(
        "secret", filled=lambda: {"NAME": f"uji.{uuid.uuid4().hex[:8]}", "…": "'Uji Coba'"}
    ),
}


@pytest.fixture(scope="module")
def context(url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of an operator who has set the namespace as the page says."""
    copy = tmp_path_factory.mktemp("operator") / "config"
    shutil.copyfile(os.environ["KUBECONFIG"], copy)
    environment = {**os.environ, "KUBECONFIG": str(copy)}
    typed("kubectl config set-context --current --namespace malang", environment)
    return environment


def typed(line: str, environment: dict[str, str]) -> str:
    """Return what a shell prints for a line; fail where any part of it fails."""
    argv = ["bash", "-c", f"set -o pipefail; {line}"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=320)
    assert done.returncode == 0, done.stderr[-1000:] or done.stdout[-1000:]
    return done.stdout


@pytest.mark.parametrize("line", LINES)
def test_a_line_does_what_the_page_says(context, line):
    assert line in TRIALS, "say in TRIALS how this line is tried"
    trial = TRIALS[line]
    if trial.slow and "CLUSTER_FULL" not in os.environ:
        pytest.skip("CLUSTER_FULL is not set: what replaces pods takes its time")
    trial.before()
    for placeholder, value in trial.filled().items():
        line = line.replace(placeholder, value)
    try:
        said = typed(line, context)
    finally:
        trial.after()
    assert re.search(trial.says, said), said[-1000:]


def test_nothing_is_tried_that_the_page_no_longer_says():
    assert set(TRIALS) == set(LINES)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_understood_by_the_database(url, query):
    sql("twuin", query)


def test_logs_of_several_pods_are_shown_whole():
    assert all("--tail -1" in line for line in LINES if line.startswith("kubectl logs -l"))
