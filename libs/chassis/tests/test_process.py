import os
import threading
import time
from types import SimpleNamespace

import pytest
from chassis import process
from chassis.process import Job, repeat
from sqlalchemy.exc import SQLAlchemyError


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


def test_nothing_forks_while_a_thread_asks_the_database():
    begun, order = threading.Event(), []

    def ask():
        with process.unforked:
            begun.set()
            time.sleep(0.5)
            order.append("asked")

    thread = threading.Thread(target=ask)
    thread.start()
    begun.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if process.unforked.acquire(timeout=2) else 1)
    order.append("forked")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    thread.join()
    assert order == ["asked", "forked"]


def test_whoever_asks_whether_a_process_is_ready_keeps_it_from_forking():
    running = process.Running(None, None, SimpleNamespace(ready=process.unforked._is_owned))
    running.at_work.set()
    assert running.ready()


def test_the_heartbeat_keeps_its_process_from_forking():
    held = []

    def transaction():
        held.append(process.unforked._is_owned())
        running.stop.set()
        raise SQLAlchemyError

    running = process.Running(None, None, SimpleNamespace(transaction=transaction))
    process._beat(running, SimpleNamespace(instance="one"))
    assert held == [True, True]  # the beat and the parting
