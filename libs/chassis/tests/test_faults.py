"""The drill kills one process at one point; without it nothing happens."""

import signal
import subprocess
import sys
import time

PROGRAM = """
import sys
from chassis import clock, faults
faults.arm(sys.argv[1], sys.argv[2])
for _ in range(5):
    faults.reach("here")
    faults.reach("there")
print(clock.now().timestamp())
"""


def run(folder, name="twuin-rpc"):
    return subprocess.run(  # noqa: PLW1510 - how it ended is what is asked
        [sys.executable, "-c", PROGRAM, str(folder), name], capture_output=True, text=True, timeout=60
    )


def died(done):
    return done.returncode == -signal.SIGKILL


def hits(folder):
    path = folder / "hits"
    return path.read_text().splitlines() if path.exists() else []


def test_without_a_folder_a_process_passes_every_point(tmp_path):
    (tmp_path / "crash").write_text("here")
    assert run("").returncode == 0
    assert hits(tmp_path) == []


def test_an_empty_folder_kills_nobody(tmp_path):
    assert run(tmp_path).returncode == 0


def test_a_process_dies_once_at_the_point_named(tmp_path):
    (tmp_path / "crash").write_text("there")
    assert died(run(tmp_path))
    assert run(tmp_path).returncode == 0
    assert hits(tmp_path) == ["there twuin-rpc"]


def test_a_process_dies_the_nth_time_it_comes_by(tmp_path):
    (tmp_path / "crash").write_text("here:5")
    assert died(run(tmp_path))
    (tmp_path / "crash").write_text("here:6")
    assert run(tmp_path).returncode == 0
    assert len(hits(tmp_path)) == 1


def test_only_the_process_that_is_named_dies(tmp_path):
    (tmp_path / "crash").write_text("singo-rpc here")
    assert run(tmp_path).returncode == 0
    assert died(run(tmp_path, "singo-rpc"))


def test_a_clock_can_be_off(tmp_path):
    (tmp_path / "clock-twuin-rpc").write_text("-90")
    assert abs(float(run(tmp_path).stdout) - (time.time() - 90)) < 20
    assert abs(float(run(tmp_path, "singo-rpc").stdout) - time.time()) < 20
