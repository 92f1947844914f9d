"""What only a Kafka cluster can do to a member."""

import uuid

import pytest
from chassis import broker
from chassis.broker import BusUnavailable, Outgoing
from chassis.broker import kafka as adapter
from kafka.errors import KafkaTimeoutError


def test_a_member_whose_poll_failed_while_it_stayed_gets_the_next_messages(kafka, monkeypatch):
    bus, topic = broker.connect(kafka, session_timeout=6), f"t{uuid.uuid4().hex[:12]}.facts"
    publisher, member = bus.publisher(), bus.subscriber("g", [topic])
    publisher.publish([Outgoing(topic, "k", b"1", {})])
    while not member.poll(0.5, 10):
        pass

    def fails(**_how):
        raise KafkaTimeoutError

    member._kept_at = 0
    with monkeypatch.context() as broken:
        broken.setattr(member._consumer, "poll", fails)
        with pytest.raises(BusUnavailable):
            member.keep()
    publisher.publish([Outgoing(topic, "k", b"2", {})])
    came = [record.payload for _ in range(20) for record in member.poll(0.5, 10)]
    member.close()
    publisher.close()
    assert came == [b"2"]


def test_a_member_that_hears_nothing_though_something_is_there_joins_anew(kafka, monkeypatch):
    bus, topic = broker.connect(kafka, session_timeout=6), f"t{uuid.uuid4().hex[:12]}.facts"
    publisher, member = bus.publisher(), bus.subscriber("g", [topic])
    publisher.publish([Outgoing(topic, "k", b"1", {})])
    while not (first := member.poll(0.5, 10)):
        pass
    member.commit({first[0].place: first[0].offset + 1})
    monkeypatch.setattr(adapter, "_QUIET", 0.2)
    monkeypatch.setattr(adapter, "_DEAF", 2)
    stuck = member._consumer
    stuck.pause(*stuck.assignment())
    publisher.publish([Outgoing(topic, "k", b"2", {})])
    came = [record.payload for _ in range(60) for record in member.poll(0.5, 10)]
    assert came == [b"2"]
    assert member._consumer is not stuck
    rejoined = member._consumer
    assert [record for _ in range(8) for record in member.poll(0.5, 10)] == []
    assert member._consumer is rejoined  # there was nothing more to hear
    member.close()
    publisher.close()


def test_a_publisher_that_gives_up_leaves_no_sender_behind_and_raises_nothing(kafka):
    bus, topic = broker.connect(kafka), f"t{uuid.uuid4().hex[:12]}.facts"
    publisher = bus.publisher()
    publisher.publish([Outgoing(topic, "k", b"1", {})])
    sender = publisher._producer._sender
    publisher._producer.send(topic, b"waits for its batch to be full", b"k")
    publisher.close()
    assert not sender.is_alive()
    publisher.publish([Outgoing(topic, "k", b"2", {})])
    publisher.close()
