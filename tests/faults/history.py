"""What people did during the drill: every step with its own id, and whether they were told that it is done."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Step:
    """One effect that somebody asked for; `ident` is what it must be found by afterwards."""

    kind: str
    ident: str
    fault: str
    acknowledged: bool = False


@dataclass
class History:
    """The steps of all threads, the fault of the moment, and what nobody foresaw."""

    fault: str = "none"
    steps: list[Step] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    people: set[str] = field(default_factory=set)
    repaired: set[str] = field(default_factory=set)  # reports whose leak the crew was told is repaired
    moved: set[str] = field(default_factory=set)  # new connections whose installation the crew was told is done
    _acknowledged: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, kind: str, ident: str) -> Step:
        step = Step(kind, ident, self.fault)
        with self._lock:
            self.steps.append(step)
        return step

    def acknowledge(self, step: Step) -> None:
        with self._lock:
            self._acknowledged += not step.acknowledged
            step.acknowledged = True

    def surprise(self, what: str) -> None:
        with self._lock:
            self.surprises.append(f"[{self.fault}] {what}")

    def until_more(self, count: int, *, seconds: float = 120) -> bool:
        """Wait until `count` more steps are acknowledged; False, and a surprise, when people cannot work again in time."""
        goal, until = self._acknowledged + count, time.monotonic() + seconds
        while self._acknowledged < goal:
            if time.monotonic() > until:
                self.surprise(f"only {count - (goal - self._acknowledged)} steps in {seconds} s")
                return False
            time.sleep(0.05)
        return True


@dataclass
class Tally:
    """What the table says of one fault."""

    rounds: int = 0
    hits: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0


def table(tallies: dict[str, Tally]) -> str:
    """Return the table fault × rounds × hits × acknowledged × lost × doubled."""
    lines = [f"{'fault':<36}{'rounds':>8}{'hits':>7}{'steps':>8}{'lost':>7}{'doubled':>9}"]
    total: Counter[int] = Counter()
    for name, tally in tallies.items():
        values = (tally.rounds, tally.hits, tally.acknowledged, tally.lost, tally.doubled)
        lines.append(f"{name:<36}{values[0]:>8}{values[1]:>7}{values[2]:>8}{values[3]:>7}{values[4]:>9}")
        total.update(dict(enumerate(values)))
    lines.append(f"{'all':<36}{total[0]:>8}{total[1]:>7}{total[2]:>8}{total[3]:>7}{total[4]:>9}")
    return "\n".join(lines)
