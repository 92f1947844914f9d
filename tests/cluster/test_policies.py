"""Who reaches whom on the cluster itself: every arrow of the architecture works, and nothing else does."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.cluster.kube import ask, kubectl
from tests.cluster import arrows

# Bash speaks TCP in each image, the engines' too.
KNOCK = """for each in "$@"; do
  if timeout 2 bash -c "exec 3<>/dev/tcp/${each%:*}/${each#*:}" 2>/dev/null; then echo "$each"; fi &
done; wait"""
OUTSIDE = "the API server"


def kept_open(name: str, labels: dict[str, str], image: str) -> dict[str, object]:
    """Return a pod that does nothing, with the labels of one that is gone or never was."""
    process = {
        "name": "process", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sleep", "900"],
        "resources": {"requests": {"cpu": "5m", "memory": "8Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"},
        },
    }  # fmt: skip
    spec = {
        "containers": [process],
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "enableServiceLinks": False,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}


@pytest.fixture(scope="module")
def pods(url: str) -> Iterator[dict[str, str]]:
    """Return one pod of each kind by what it is; of the kinds that come and go, one that stays for a while."""
    label = "app.kubernetes.io/name"
    there = {
        each["metadata"]["labels"][label]: each["metadata"]["name"]
        for each in ask("get", "pods", "--field-selector=status.phase=Running")["items"]
        if label in each["metadata"]["labels"] and "deletionTimestamp" not in each["metadata"]
    }
    image = ask("get", "deployment", "gateway-web")["spec"]["template"]["spec"]["containers"][0]["image"]
    absent = {name: {label: name, "app.kubernetes.io/component": "migrate"} for name in arrows.WITH_MIGRATIONS if "migrate" in name}
    absent |= {"backup": {label: "backup", "app.kubernetes.io/component": "backup"}, "stranger": {}}
    extra = [kept_open(f"policy-{name}", {**tags, "app.kubernetes.io/part-of": "malang"}, image) for name, tags in absent.items()]
    kubectl("apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": extra}))
    names = [f"pod/policy-{each}" for each in absent]
    try:
        kubectl("wait", "--for=condition=Ready", "--timeout=120s", *names, timeout=130)
        time.sleep(5)  # until the policies know the new pods
        yield {name: there[name] for name in (*arrows.PROCESSES, "postgres", "redis", "kafka")} | {
            name: f"policy-{name}" for name in absent
        }
    finally:
        kubectl("delete", "--ignore-not-found", "--wait=false", *names)


@pytest.fixture(scope="module")
def addresses(pods: dict[str, str]) -> dict[str, str]:
    """Return host:port of everything that listens, by who it is."""
    ips = {each["metadata"]["name"]: each["status"]["podIP"] for each in ask("get", "pods")["items"] if each["status"].get("podIP")}
    listening = {name: f"{ips[pods[name]]}:{port}" for name, port in arrows.PORTS.items()}
    health = {f"health of {name}": f"{ips[pods[name]]}:8081" for name in arrows.PROCESSES}
    api = ask("get", "service", "kubernetes", "--namespace=default")["spec"]["clusterIP"]
    return listening | health | {OUTSIDE: f"{api}:443"}


def reached(pod: str, addresses: dict[str, str]) -> set[str]:
    """Return whom a pod reaches."""
    said = kubectl("exec", pod, "--", "bash", "-c", KNOCK, "knock", *addresses.values(), timeout=60).split()
    return {name for name, address in addresses.items() if address in said}


def test_each_pod_reaches_exactly_what_the_architecture_says(pods, addresses):
    with ThreadPoolExecutor(3) as pool:
        found = dict(zip(pods, pool.map(lambda name: reached(pods[name], addresses), pods), strict=True))
    own = {name: {name, f"health of {name}"} for name in pods}  # nobody needs leave to reach itself
    wanted = {name: {target for source, target in arrows.LOCAL if source == name} for name in pods}
    print("\n" + table(found))
    assert {name: found[name] - own[name] for name in pods} == wanted


def table(found: dict[str, set[str]]) -> str:
    columns = list(arrows.PORTS)
    lines = ["| from | " + " | ".join(columns) + " | any other |", "|---" * (len(columns) + 2) + "|"]
    for name, targets in found.items():
        cells = ["–" if target == name else "yes" if target in targets else "no" for target in columns]
        other = targets - set(columns) - {f"health of {name}"}
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {', '.join(sorted(other)) or 'no'} |")
    return "\n".join(lines)


def test_names_are_found_by_who_may_call(pods):
    for name, host in (("gateway-web", "singo-rpc"), ("singo-rpc", "gateway-web"), ("twuin-relay", "kafka-0.kafka")):
        code = f"import socket; print(socket.gethostbyname('{host}'))"
        assert kubectl("exec", pods[name], "--", "python", "-c", code).strip()
