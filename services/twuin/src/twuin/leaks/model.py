"""The states of a leak, and which open leak a report belongs to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum, StrEnum
from typing import TypeVar

Position = tuple[float, float]  # latitude and longitude, degrees
K = TypeVar("K")


class State(IntEnum):
    """Where a leak stands; the numbers are those of the contract."""

    OPEN = 1
    IN_WORK = 2
    REPAIRED = 3
    NOT_FOUND = 4
    WITHDRAWN = 5


OPEN = (State.OPEN, State.IN_WORK)


class Progress(StrEnum):
    """How far the work of the present visit has come."""

    SCHEDULED = "scheduled"
    ACCEPTED = "accepted"
    ARRIVED = "arrived"

    @property
    def state(self) -> State:
        """Return the state of a leak whose work has come so far."""
        return State.OPEN if self is Progress.SCHEDULED else State.IN_WORK


OUTCOMES = {"repaired": State.REPAIRED, "not_found": State.NOT_FOUND}


def nearest(
    place: Position, open_leaks: Iterable[tuple[K, Position]], within: float, metres: Callable[[Position, Position], float]
) -> K | None:
    """Return the open leak that is nearest to a report and at most `within` metres away, None where none is."""
    near = [(metres(place, position), order, key) for order, (key, position) in enumerate(open_leaks)]
    distance, _, key = min(near, key=lambda each: each[:2], default=(within + 1, 0, None))
    return key if distance <= within else None
