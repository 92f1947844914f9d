"""Which images the cluster runs, and how it gets them."""

import os
import shlex
import shutil
import subprocess

from deploy.cluster.kube import Refused, ask, kubectl
from deploy.images import naming

# Whose image each service's pods take, and the local overlay's engines with the variables that name other images.
SERVING = {"gateway": "gateway-web", "singo": "singo-rpc", "twuin": "twuin-rpc"}
ENGINES = {"postgres": "POSTGRES_IMAGE", "redis": "REDIS_IMAGE", "apache/kafka": "KAFKA_IMAGE"}


def chosen() -> dict[str, str]:
    """Return the image that stands in for each one the manifests name; what is not listed is taken as it is."""
    own = {f"malang/{service}": naming.image(service) for service in naming.SERVICES}
    return own | {name: os.environ[variable] for name, variable in ENGINES.items() if variable in os.environ}


def running() -> dict[str, str]:
    """Return the images that the cluster runs now, by the names that the manifests have for them."""
    workloads = {f"malang/{service}": f"deployment/{process}" for service, process in SERVING.items()}
    workloads |= {name: f"statefulset/{name.rpartition('/')[2]}" for name in ENGINES}
    found = {name: ask("get", workload) for name, workload in workloads.items()}
    return {name: each["spec"]["template"]["spec"]["containers"][0]["image"] for name, each in found.items()}


def load(images: list[str]) -> None:
    """Give the cluster what only this machine's engine has: KUBE_LOAD is the command for it; kind and minikube have their own."""
    context = kubectl("config", "current-context").strip()
    if command := os.environ.get("KUBE_LOAD"):
        argv = [*shlex.split(command), *images]
    elif context.startswith("kind-") and shutil.which("kind"):
        argv = ["kind", "load", "docker-image", "--name", context.removeprefix("kind-"), *images]
    elif context == "minikube" and shutil.which("minikube"):
        argv = ["minikube", "image", "load", *images]
    else:
        return  # the cluster pulls them
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"{argv[0]}: {done.stderr.strip()[-600:]}")
