"""How long to wait after failed tries: nothing for the first ones, then doubling up to a limit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waiting times, in seconds, for what is counted under one kind of key."""

    free: int  # failures without waiting
    first: float  # wait after the next one
    longest: float
    forget: float  # seconds without a try after which nothing is remembered

    def wait(self, failures: int) -> float:
        """Return the seconds to wait after so many failures in a row."""
        if failures <= self.free:
            return 0.0
        return min(self.longest, self.first * 2.0 ** min(failures - self.free - 1, 32))


# A guesser at one place is slowed early. An account as a whole is slowed later, so that a stranger cannot easily
# lock its owner out; an address later still, because a school or an office shares one.
PAIR = Backoff(free=5, first=30, longest=3600, forget=86_400)
ACCOUNT = Backoff(free=15, first=30, longest=900, forget=86_400)
ADDRESS = Backoff(free=50, first=30, longest=900, forget=3600)
