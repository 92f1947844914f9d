"""What every bus must do; each test runs against the log in PostgreSQL and against Kafka."""

import threading
import time
import uuid
from collections import Counter, defaultdict

import pytest
from chassis import broker
from chassis.broker import Outgoing, Place


@pytest.fixture(params=["postgresql", "kafka"])
def bus(request):
    # Asked for by name, so that a test of one backend does not start the other.
    url = request.getfixturevalue("database_url")() if request.param == "postgresql" else request.getfixturevalue("kafka")
    opened = broker.connect(url, session_timeout=2)
    yield opened
    opened.close()


@pytest.fixture
def topic():
    return f"t{uuid.uuid4().hex[:12]}.facts"


def _messages(topic, count, keys=10, start=0):
    return [Outgoing(topic, f"key-{n % keys}", str(n).encode(), {"ce_id": f"id-{n}"}) for n in range(start, start + count)]


def _publish(bus, messages):
    publisher = bus.publisher()
    publisher.publish(messages)
    publisher.close()


def _take(member, count, seconds=30):
    taken, until = [], time.monotonic() + seconds
    while len(taken) < count and time.monotonic() < until:
        taken += member.poll(0.5, 500)
    return taken


def _positions(records):
    return {record.place: record.offset + 1 for record in records}


def test_keeps_the_order_of_a_key(bus, topic):
    for start in range(0, 300, 100):
        _publish(bus, _messages(topic, 100, start=start))
    member = bus.subscriber("g", [topic])
    by_key = defaultdict(list)
    for record in _take(member, 300):
        by_key[record.key].append(int(record.payload))
    member.close()
    assert len(by_key) == 10
    assert all(numbers == sorted(numbers) and len(numbers) == 30 for numbers in by_key.values())


def test_carries_key_payload_and_headers_unchanged(bus, topic):
    _publish(bus, [Outgoing(topic, "kunci é", b"\x00\xff", {"ce_id": "1", "naïve": "ya"})])
    member = bus.subscriber("g", [topic])
    (record,) = _take(member, 1)
    member.close()
    assert (record.key, record.payload, dict(record.headers)) == ("kunci é", b"\x00\xff", {"ce_id": "1", "naïve": "ya"})
    assert record.place.topic == topic


def test_a_new_group_starts_with_the_oldest_message(bus, topic):
    _publish(bus, _messages(topic, 5))
    for group in ("one", "two"):
        member = bus.subscriber(group, [topic])
        assert len(_take(member, 5)) == 5
        member.close()


def test_delivers_again_what_was_not_committed_before_a_crash(bus, topic):
    _publish(bus, _messages(topic, 20))
    crashed = bus.subscriber("g", [topic])
    taken = _take(crashed, 20)
    done, open_ = taken[:12], taken[12:]
    assert crashed.commit(_positions(done))
    crashed.close()
    after = bus.subscriber("g", [topic])
    again = {record.payload for record in _take(after, 1, seconds=15)} | {record.payload for record in after.poll(2, 500)}
    after.close()
    committed = _positions(done)
    assert {record.payload for record in open_ if record.offset >= committed.get(record.place, 0)} <= again
    assert not again & {record.payload for record in done}


def test_goes_on_where_the_group_stood(bus, topic):
    _publish(bus, _messages(topic, 10))
    member = bus.subscriber("g", [topic])
    assert member.commit(_positions(_take(member, 10)))
    member.close()
    _publish(bus, _messages(topic, 10, start=10))
    member = bus.subscriber("g", [topic])
    assert sorted(int(record.payload) for record in _take(member, 10)) == list(range(10, 20))
    assert member.poll(0.5, 10) == []
    member.close()


def test_two_members_share_the_partitions_and_nothing_is_lost(bus, topic):
    bus.ensure([topic])
    taken: dict[str, list] = {"one": [], "two": []}
    stop = threading.Event()

    def work(name):
        member = bus.subscriber("g", [topic])
        while not stop.is_set():
            records = member.poll(0.2, 50)
            taken[name] += records
            member.commit(_positions(records))
        member.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in taken]
    publisher = bus.publisher()
    threads[0].start()
    for start in range(0, 1200, 40):
        publisher.publish(_messages(topic, 40, keys=60, start=start))
        if start == 400:
            threads[1].start()
        time.sleep(0.2 if start >= 400 else 0)
    until = time.monotonic() + 20
    while len({r.payload for records in taken.values() for r in records}) < 1200 and time.monotonic() < until:
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    publisher.close()
    assert {int(r.payload) for records in taken.values() for r in records} == set(range(1200))
    assert taken["two"], "the second member never had a share"
    # Each saw each key's messages in order, repetitions after the rebalance aside.
    for records in taken.values():
        for place in {record.place for record in records}:
            offsets = list(dict.fromkeys(record.offset for record in records if record.place == place))
            assert offsets == sorted(offsets)


def test_a_member_that_falls_silent_loses_its_share(bus, topic):
    _publish(bus, _messages(topic, 60, keys=60))
    silent = bus.subscriber("g", [topic])
    held = _take(silent, 1)
    if type(bus).__name__ == "KafkaBroker":
        # The library's heartbeat thread would keep it alive; leaving is how it loses its share.
        silent.close()
    else:
        time.sleep(2.5)
    alive = bus.subscriber("g", [topic])
    assert {record.payload for record in _take(alive, 60)} == {str(n).encode() for n in range(60)}
    if type(bus).__name__ != "KafkaBroker":
        assert not silent.commit(_positions(held)), "a fenced member must not move the group"
        silent.close()
    alive.close()


def test_tells_how_far_a_member_lags(bus, topic):
    _publish(bus, _messages(topic, 30, keys=1))
    member = bus.subscriber("g", [topic])
    first = _take(member, 1)
    member.commit(_positions(first))
    _publish(bus, _messages(topic, 15, keys=1, start=30))
    seen = len(first) + len(_take(member, 31 - len(first)))  # at least one of the new ones: a member knows what it was told
    assert sum(member.lag().values()) == 45 - seen
    _take(member, 45 - seen)
    assert sum(member.lag().values()) == 0
    member.close()


def test_reads_a_range_again_outside_of_any_group(bus, topic):
    _publish(bus, _messages(topic, 50, keys=1))
    (place,) = [place for place, (start, end) in bus.span(topic).items() if end > start]
    assert bus.span(topic)[place] == (0, 50)
    assert [int(record.payload) for record in bus.read(place, 10, 20)] == list(range(10, 20))
    assert [int(record.payload) for record in bus.read(place, 45, 1000)] == list(range(45, 50))
    assert list(bus.read(Place(topic, (place.partition + 1) % 6), 0, 10)) == []


def test_several_publishers_leave_no_gap_and_lose_nothing(bus, topic):
    bus.ensure([topic])

    def write(writer):
        publisher = bus.publisher()
        for batch in range(10):
            publisher.publish(_messages(topic, 20, keys=20, start=writer * 1000 + batch * 20))
        publisher.close()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    member = bus.subscriber("g", [topic])
    taken = _take(member, 800)
    for thread in threads:
        thread.join()
    member.close()
    assert Counter(int(r.payload) for r in taken) == Counter({w * 1000 + n: 1 for w in range(4) for n in range(200)})


def test_staying_a_member_while_a_message_takes_long(bus, topic):
    _publish(bus, _messages(topic, 5))
    member = bus.subscriber("g", [topic])
    taken = _take(member, 5)
    for _ in range(5):
        time.sleep(0.6)
        member.keep()
    other_batch = member.poll(0.3, 10)
    assert other_batch == []
    assert member.commit(_positions(taken))
    member.close()


def test_an_absent_bus_is_told_as_such(topic):
    lonely = broker.connect("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(broker.BusUnavailable):
        lonely.publisher().publish(_messages(topic, 1))
    with pytest.raises(broker.BusUnavailable):
        lonely.subscriber("g", [topic]).poll(0.1, 1)
    lonely = broker.connect("kafka://127.0.0.1:1")
    began = time.monotonic()
    with pytest.raises(broker.BusUnavailable):
        lonely.publisher().publish(_messages(topic, 1))
    assert time.monotonic() - began < 10


def test_refuses_a_url_that_it_does_not_know():
    with pytest.raises(ValueError, match="EVENT_BUS_URL must start with"):
        broker.connect("amqp://somewhere")
    with pytest.raises(ValueError, match="not an option"):
        broker.connect("kafka://somewhere:9092?linger=1")


def test_a_group_set_to_the_end_takes_only_what_comes_after(bus, topic):
    _publish(bus, _messages(topic, 60))
    member = bus.subscriber("g", [topic])
    member.commit(_positions(_take(member, 60)[:20]))
    member.close()
    bus.skip("g", [topic])
    _publish(bus, _messages(topic, 5, start=60))
    member = bus.subscriber("g", [topic])
    taken = _take(member, 5)
    assert sorted(int(record.payload) for record in taken) == [60, 61, 62, 63, 64]
    assert member.poll(0.5, 10) == []
    member.close()
