"""The cluster that KUBECONFIG names, asked through kubectl."""

import json
import subprocess
from typing import Any

NAMESPACE = "malang"


class Refused(Exception):  # noqa: N818 - that is what it is
    """The cluster answered with an error, or not at all."""


def kubectl(*words: str, given: str | None = None, timeout: float = 120) -> str:
    """Return what kubectl prints; raise Refused with its last words when it fails."""
    try:
        done = subprocess.run(
            ["kubectl", "-n", NAMESPACE, *words], input=given, capture_output=True, text=True, check=False, timeout=timeout
        )
    except FileNotFoundError as wrong:
        raise Refused("kubectl is not installed") from wrong
    except subprocess.TimeoutExpired as wrong:
        raise Refused(f"kubectl {words[0]} took more than {timeout:.0f} s") from wrong
    if done.returncode:
        raise Refused(f"kubectl {' '.join(words)}: {done.stderr.strip()[-1500:] or done.stdout.strip()[-1500:]}")
    return done.stdout


def ask(*words: str) -> Any:
    """Return what kubectl says as JSON; None where it says nothing."""
    said = kubectl(*words, "-o", "json")
    return json.loads(said) if said.strip() else None


def answers() -> bool:
    """Tell whether the cluster answers."""
    try:
        return kubectl("get", "--raw", "/readyz", timeout=10) == "ok"
    except Refused:
        return False


def rolled_out(*names: str, seconds: int = 300) -> None:
    """Return once every workload runs in its newest version only."""
    for name in names:
        kubectl("rollout", "status", name, f"--timeout={seconds}s", timeout=seconds + 10)
