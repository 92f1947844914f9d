import datetime as dt
import threading

from chassis import clock

MIDNIGHT_IN_MALANG = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)


def test_now_is_aware_and_moves():
    first = clock.now()
    assert first.tzinfo is dt.UTC
    assert clock.now() >= first


def test_a_day_begins_at_midnight_in_malang():
    second = dt.timedelta(seconds=1)
    assert clock.day_of(MIDNIGHT_IN_MALANG) == dt.date(2026, 11, 24)
    assert clock.day_of(MIDNIGHT_IN_MALANG - second) == dt.date(2026, 11, 23)


def test_held_still_it_is_still_in_every_thread_and_moves_again():
    seen = []
    with clock.frozen(MIDNIGHT_IN_MALANG):
        thread = threading.Thread(target=lambda: seen.append((clock.now(), clock.today())))
        thread.start()
        thread.join()
        with clock.frozen(MIDNIGHT_IN_MALANG + dt.timedelta(days=1)):
            assert clock.today() == dt.date(2026, 11, 25)
        assert clock.today() == dt.date(2026, 11, 24)
    assert seen == [(MIDNIGHT_IN_MALANG, dt.date(2026, 11, 24))]
    assert clock.now() != MIDNIGHT_IN_MALANG
