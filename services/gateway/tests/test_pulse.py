import os
import time

from gateway.pulse import Pulse, beat

SILENT = 2**22 + 1  # no process has this number


def test_who_is_silent_is_told_after_so_many_looks_and_nobody_else():
    pulse = Pulse(3)
    assert [pulse.look([SILENT]) for _ in range(4)] == [[], [], [SILENT], [SILENT]]
    assert [pulse.look([SILENT + 1]) for _ in range(3)] == [[], [], [SILENT + 1]], "one that is new begins with none"


def test_one_that_beats_is_heard_and_looks_count_anew():
    pulse = Pulse(2)
    itself = os.getpid()
    assert [pulse.look([itself]) for _ in range(2)] == [[], [itself]]
    beat(pulse.port)
    until = time.monotonic() + 20
    while pulse.look([itself]):
        assert time.monotonic() < until
        time.sleep(0.05)
