import threading

import pytest
from chassis.process import Job, repeat


class Stop(threading.Event):
    """Does not wait, but says for how long it would have; ends after so many pauses."""

    def __init__(self, pauses: int) -> None:
        super().__init__()
        self.left, self.pauses = pauses, []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        if len(self.pauses) == self.left:
            self.set()
        return self.is_set()


@pytest.mark.parametrize(
    ("every", "failures", "pauses"),
    [
        (3600.0, 1, [20.0, 3600.0, 3600.0]),
        (0.5, 7, [1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0, 0.5, 0.5]),
        (15.0, 2, [20.0, 20.0, 15.0]),
    ],
)
def test_a_job_that_failed_is_tried_again_soon_however_rarely_it_is_due(every, failures, pauses):
    stop, rounds = Stop(len(pauses)), []

    def work(_stop: threading.Event) -> None:
        rounds.append(1)
        if len(rounds) <= failures:
            raise ConnectionError("the database is not reached yet")

    repeat(Job("forget", every, work), stop)
    assert stop.pauses == pauses
