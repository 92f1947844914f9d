"""A Prometheus beside the cluster: production's labels and production's rules, the latter with the windows of a drill."""

import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from chassis.testing import lacking

from deploy.cluster.kube import Refused, ask
from deploy.observability import rules, slo

SHRINK = 60  # what takes minutes in production takes seconds here
EVERY = "2s"
PRODUCTION = rules.FILE.parent / "prometheus.yaml"


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus, asked over HTTP."""

    url: str

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire now."""
        return {each["labels"]["alertname"] for each in self._ask("alerts")["alerts"] if each["state"] == "firing"}

    def fired(self, alert: str, since: float) -> list[float]:
        """Return the instants, seconds of the epoch and about a second apart, at which an alert fired."""
        query = f'max(ALERTS{{alertname="{alert}",alertstate="firing"}})'
        found = self._ask("query_range", query=query, start=since, end=time.time(), step=1)["result"]
        return [float(at) for at, _ in found[0]["values"]] if found else []

    def answering(self) -> set[tuple[str, str]]:
        """Return service and process of everything that is scraped with success."""
        found = self._ask("query", query="count by (service, process) (up == 1)")["result"]
        return {(each["metric"]["service"], each["metric"]["process"]) for each in found}

    def is_ready(self) -> bool:
        """Tell whether it has read its files and answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _ask(self, what: str, **values: object) -> Any:
        with urllib.request.urlopen(f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(values)}", timeout=30) as answer:
            return json.loads(answer.read())["data"]


@contextmanager
def running(folder: Path) -> Iterator[Prometheus]:
    """Run one on a free port of this machine until the end of the block; its files stay in `folder`."""
    if shutil.which("prometheus") is None:
        lacking("prometheus is not installed (Debian: prometheus)")
    (folder / "rules.yaml").write_text(rules.written(rules.document(slo.shrunk(slo.BURNS, SHRINK), SHRINK)), encoding="utf-8")
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(scraping()), encoding="utf-8")
    discover(folder)
    address = f"127.0.0.1:{free_port()}"
    argv = [
        "prometheus", f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}", "--log.level=warn",
    ]  # fmt: skip
    ended = threading.Event()
    following = threading.Thread(target=_follow, args=(folder, ended), daemon=True)
    # In a session of its own: what interrupts the tests must leave it time to be asked for the table.
    begun = subprocess.Popen(argv, stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT, start_new_session=True)
    with begun as process:
        following.start()
        try:
            one = Prometheus(f"http://{address}")
            wanted = {(service, name) for service, names in slo.SERVICES.items() for name in names}
            until = time.monotonic() + 60
            while not (one.is_ready() and one.answering() == wanted):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until, f"does not answer: {sorted(wanted - one.answering())}"
                time.sleep(0.5)
            yield one
        finally:
            ended.set()
            process.terminate()


def scraping() -> dict[str, Any]:
    """Return production's way of scraping, more often, for a build of Prometheus that does not ask Kubernetes itself (Debian's)."""
    found: dict[str, Any] = yaml.safe_load(PRODUCTION.read_text("utf-8"))
    found["global"] = {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY}
    for job in found["scrape_configs"]:
        del job["kubernetes_sd_configs"]
        job["file_sd_configs"] = [{"files": ["pods.json"]}]
    return found


def discover(folder: Path) -> None:
    """Write what Prometheus' own discovery would find: a target for each port of each pod, with the pod's labels."""
    targets = []
    for pod in ask("get", "pods")["items"]:
        if not (address := pod["status"].get("podIP")):
            continue
        labels = {f"label_{re.sub('[^a-zA-Z0-9_]', '_', name)}": value for name, value in pod["metadata"]["labels"].items()}
        for port in (port for container in pod["spec"]["containers"] for port in container.get("ports", ())):
            known = labels | {"name": pod["metadata"]["name"], "container_port_name": port.get("name", "")}
            meta = {f"__meta_kubernetes_pod_{name}": value for name, value in known.items()}
            targets.append({"targets": [f"{address}:{port['containerPort']}"], "labels": meta})
    fresh = folder / "pods.new"
    fresh.write_text(json.dumps(targets), encoding="utf-8")
    fresh.replace(folder / "pods.json")


def _follow(folder: Path, ended: threading.Event) -> None:
    while not ended.wait(2):
        with suppress(Refused):  # the API server has its moments, too
            discover(folder)


def free_port() -> int:
    """Return a port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
