"""What people did during the drill: every step with its own id, and whether they were told that it is done."""

import threading
import time
from dataclasses import dataclass, field, fields


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
    seconds: float = 0.0


def table(tallies: dict[str, Tally]) -> str:
    """Return the table fault × rounds × hits × acknowledged × lost × doubled, and the seconds that a round took."""
    lines = [f"{'fault':<36}{'rounds':>8}{'hits':>7}{'steps':>8}{'lost':>7}{'doubled':>9}{'s a round':>11}"]
    whole = Tally()
    for name, tally in tallies.items():
        lines.append(_line(name, tally))
        for part in fields(Tally):
            setattr(whole, part.name, getattr(whole, part.name) + getattr(tally, part.name))
    return "\n".join([*lines, _line("all", whole)])


def _line(name: str, tally: Tally) -> str:
    counts = f"{tally.rounds:>8}{tally.hits:>7}{tally.acknowledged:>8}{tally.lost:>7}{tally.doubled:>9}"
    return f"{name:<36}{counts}{tally.seconds / max(tally.rounds, 1):>11.1f}"
