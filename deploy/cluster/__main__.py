"""`make cluster-up`, `make cluster-demo`, `make cluster-down`: the whole platform on the cluster that KUBECONFIG names."""

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from deploy.cluster import images, secrets
from deploy.cluster.kube import NAMESPACE, Refused, answers, ask, kubectl, rolled_out
from deploy.cluster.manifests import render
from deploy.local import demo, signins
from deploy.local.state import ROOT, State

STATE = State(ROOT / ".local" / "cluster")
RUNNING = "web,rpc,consume,relay,jobs"
PATIENCE = 600  # seconds that the migrations may take


def up() -> None:
    """Bring the platform up, or up to date: the engines, then the migrations, then what serves people."""
    began = time.monotonic()
    chosen = images.chosen()
    manifests = render("local", chosen)
    with _step("images"):
        images.load(sorted(set(chosen.values())))
    with _step("namespace, secrets, engines"):
        _apply(manifests, "app.kubernetes.io/part-of=malang,!app.kubernetes.io/name,!app.kubernetes.io/component")
        secrets.ensure()
        _apply(manifests, f"app.kubernetes.io/component notin ({RUNNING},migrate)")
        rolled_out("statefulset/postgres", "statefulset/redis", "statefulset/kafka")
    release(manifests)
    with _step("demo data"):
        _seed()
    print(f"\n  Singo + Twuin: {_url()}   (ready after {time.monotonic() - began:.1f} s)\n", flush=True)
    signins.show(STATE)


def release(manifests: str) -> None:
    """Bring what serves people to the version of these manifests: the migrations first, then one process after the other."""
    with _step("migrations"):
        migrate(manifests)
    with _step("services"):
        _apply(manifests, "app.kubernetes.io/part-of=malang")
        rolled_out(*deployments())


def drive() -> None:
    """Drive the errands against the platform on the cluster, over HTTP at its one URL."""
    if not STATE.read("signins"):
        _seed()
    if demo.main(STATE.home):
        raise SystemExit(1)


def down() -> None:
    """Take the platform and its data off the cluster."""
    gone = ("delete", "namespace", NAMESPACE, "--ignore-not-found")
    with _step("ending"):
        kubectl(*gone, "--wait=false")
        kubectl("delete", "pods", "--all", "--grace-period=1", "--wait=false")  # what they would put in order goes with them
        kubectl(*gone, timeout=300)


def _apply(manifests: str, selector: str) -> None:
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", "-l", selector, given=manifests)


def deployments() -> list[str]:
    """Return every Deployment of the platform, as kubectl names it."""
    return [f"deployment/{each['metadata']['name']}" for each in ask("get", "deployments")["items"]]


def migrate(manifests: str) -> None:
    """Run every migration and wait for it; one that failed ends this with its last words, and the old version goes on serving."""
    kubectl("delete", "job", "-l", "app.kubernetes.io/component=migrate", "--ignore-not-found")
    _apply(manifests, "app.kubernetes.io/component=migrate")
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        jobs = ask("get", "jobs", "-l", "app.kubernetes.io/component=migrate")["items"]
        failed = [job["metadata"]["name"] for job in jobs if _is(job, "Failed")]
        if failed:
            raise Refused(f"{failed[0]} failed:\n{kubectl('logs', f'job/{failed[0]}', '--tail=20')}")
        if jobs and all(_is(job, "Complete") for job in jobs):
            return
        time.sleep(0.5)
    raise Refused(f"the migrations took more than {PATIENCE} s")


def _is(job: dict[str, Any], condition: str) -> bool:
    return any(each["type"] == condition and each["status"] == "True" for each in job["status"].get("conditions", ()))


def _seed() -> None:
    """Make the demo's connections and people where they are not there yet, and keep how people sign in."""
    STATE.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    told: dict[str, Any] = {}
    for service, process in (("twuin", "jobs"), ("gateway", "jobs")):
        said = kubectl("exec", f"deployment/{service}-{process}", "--", "python", "-m", service, "demo", timeout=300)
        told |= json.loads(said)
    STATE.keep("signins", told)
    STATE.keep("ports", {"url": _url()})


def _url() -> str:
    return os.environ.get("CLUSTER_URL", "http://127.0.0.1:30080")


@contextlib.contextmanager
def _step(what: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"· {what} … ", end="", flush=True)
    try:
        yield
    except BaseException:
        print("stopped", flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)


def main() -> int:
    """Do what the command line names; 1 with a sentence when the cluster refuses."""
    actions = {"up": up, "demo": drive, "down": down}
    asked = argparse.ArgumentParser(prog="python -m deploy.cluster", description=__doc__)
    asked.add_argument("action", choices=actions)
    action = actions[asked.parse_args().action]
    if not answers():
        print("cluster: none answers; KUBECONFIG says which one is meant", file=sys.stderr)
        return 1
    try:
        action()
    except Refused as wrong:
        print(f"cluster: {wrong}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
