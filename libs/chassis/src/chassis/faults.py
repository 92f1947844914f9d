"""How the fault drill steers a process: points where it dies, and a clock that is off. Inert unless FAULTS_DIR names a folder.

The drill writes `crash` into that folder: "point", "point:n" (the n-th time that a process comes by) or "process point:n".
The process that gets there takes the file away, adds a line to `hits` and dies as by kill -9; so one file is one crash. A file
`clock-<process>` holds the seconds by which the clock of that process is off, from its start on.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from chassis import clock

_here: tuple[Path, str] | None = None  # the folder and the name of this process
_passed: tuple[int, int] = (0, 0)  # of which order, and how often this process came by since


def arm(folder: str, process: str) -> None:
    """Let this process be steered by `folder`; "" leaves it alone."""
    global _here  # noqa: PLW0603 - one process, one drill
    if not folder:
        return
    _here = Path(folder), process
    off = Path(folder) / f"clock-{process}"
    if off.exists():
        clock.step(float(off.read_text(encoding="ascii")))


def reach(point: str) -> None:
    """Die here if the drill asked for that."""
    if _here is not None:
        _ordered(point, *_here)


def _ordered(point: str, folder: Path, process: str) -> None:
    global _passed  # noqa: PLW0603 - as above
    order = folder / "crash"
    try:
        text, made = order.read_text(encoding="ascii").strip(), order.stat().st_mtime_ns
    except OSError:
        return
    named, _, where = text.rpartition(" ")
    wanted, _, times = where.partition(":")
    if wanted != point or named not in {"", process}:
        return
    _passed = made, (_passed[1] if _passed[0] == made else 0) + 1
    if _passed[1] < int(times or 1):
        return
    try:
        order.unlink()
    except FileNotFoundError:
        return  # another process was quicker
    with (folder / "hits").open("a", encoding="ascii") as hits:
        hits.write(f"{point} {process}\n")
    os.kill(os.getpid(), signal.SIGKILL)
