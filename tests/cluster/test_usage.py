"""What each process takes at rest and under load, against what it asks for and what it is held to."""

import os
import time
from functools import cache

import pytest

from deploy.cluster.kube import ask, kubectl
from tests.cluster import arrows

# The first group of files stands where the kernel counts in cgroup v2, the second where it does in v1.
COUNTERS = """cd /sys/fs/cgroup
if [ -f cgroup.controllers ]; then
  cat memory.current memory.peak; grep -E '^inactive_file' memory.stat; grep -E '^(usage_usec|nr_throttled)' cpu.stat
else
  cat memory/memory.usage_in_bytes memory/memory.max_usage_in_bytes; grep -E '^total_inactive_file' memory/memory.stat
  echo "usage_usec $(($(cat cpuacct/cpuacct.usage) / 1000))"; grep -E '^nr_throttled' cpu/cpu.stat
fi"""
SECONDS = 30 if "CLUSTER_FULL" in os.environ else 10
MIB = 1024 * 1024
UNITS = {"Mi": 1, "Gi": 1024}


@cache
def pod(name: str) -> str:
    """Return a pod of a process, the same one each time."""
    pods = ask("get", "pods", "-l", f"app.kubernetes.io/name={name}", "--field-selector=status.phase=Running")["items"]
    return next(str(each["metadata"]["name"]) for each in pods if "deletionTimestamp" not in each["metadata"])


def counted(name: str) -> dict[str, int]:
    """Return what the kernel counts of a process: working set and peak (MiB), CPU (ms), times that it was held back."""
    said = kubectl("exec", pod(name), "--", "bash", "-c", COUNTERS).split()
    now, peak = int(said[0]), int(said[1])
    by_name = dict(zip(said[2::2], map(int, said[3::2]), strict=True))
    inactive = next(value for key, value in by_name.items() if key.endswith("inactive_file"))
    cpu, held = by_name["usage_usec"] // 1000, by_name["nr_throttled"]
    return {"working": (now - inactive) // MIB, "peak": peak // MIB, "cpu": cpu, "held": held}


@cache
def limits(name: str) -> tuple[int, int]:
    """Return the memory that a process asks for and the most it may take, MiB."""
    (container,) = ask("get", "deployment", name)["spec"]["template"]["spec"]["containers"]
    sizes = [container["resources"][side]["memory"] for side in ("requests", "limits")]
    first, second = (int(each[:-2]) * UNITS[each[-2:]] for each in sizes)
    return first, second


def measured(seconds: float) -> dict[str, dict[str, int]]:
    """Return the counters of every process; CPU and times held back are those of the next `seconds`."""
    before = {name: counted(name) for name in arrows.PROCESSES}
    time.sleep(seconds)
    after = {name: counted(name) for name in arrows.PROCESSES}
    growing = ("cpu", "held")
    return {name: {**after[name], **{key: after[name][key] - before[name][key] for key in growing}} for name in after}


def table(found: dict[str, dict[str, int]]) -> str:
    lines = ["| process | working set MiB | peak MiB | request | limit | CPU ms | held back |", "|---" * 7 + "|"]
    for name, each in found.items():
        asked, most = limits(name)
        lines.append(f"| {name} | {each['working']} | {each['peak']} | {asked} | {most} | {each['cpu']} | {each['held']} |")
    return "\n".join(lines)


def test_at_rest_nobody_is_held_back_and_everybody_fits_what_was_asked_for(url):
    found = measured(SECONDS)
    print(f"\nat rest, {SECONDS} s\n" + table(found))
    for name, each in found.items():
        asked, most = limits(name)
        assert each["held"] == 0, name
        assert each["working"] <= asked, name
        assert each["peak"] <= most, name


@pytest.mark.usefixtures("load")
def test_under_load_everybody_stays_well_below_the_limit():
    found = measured(SECONDS)
    print(f"\nunder load, {SECONDS} s\n" + table(found))
    for name, each in found.items():
        assert each["working"] <= limits(name)[1] * 0.8, name
