"""The bus as a Kafka cluster."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chassis import telemetry
from chassis.broker.contract import PARTITIONS, BusUnavailable, Outgoing, Place, Record

_ANSWER = 5_000  # ms that a question to the cluster may take
_FIRST_CONTACT = 3_000  # ms to reach any broker; the library's own 30 s would hide that there is none
_QUIET = 5.0  # seconds without a message after which the cluster is asked what there is: its last answer is old
_DEAF = 30.0  # seconds without one after which a member joins anew if there is something
log = telemetry.logger(__name__)
# What may stand in the URL's query, for clusters with TLS or passwords.
_OPTIONS = frozenset(
    {
        "security_protocol",
        "ssl_cafile",
        "ssl_certfile",
        "ssl_keyfile",
        "sasl_mechanism",
        "sasl_plain_username",
        "sasl_plain_password",
    }
)


class KafkaBroker:
    """A cluster at kafka://host:port[,host:port][?security_protocol=SSL&ssl_cafile=…]."""

    system = "kafka"

    def __init__(self, url: str, *, session_timeout: float) -> None:
        """Connect to nothing yet."""
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        if unknown := sorted(set(options) - _OPTIONS):
            raise ValueError(f"{unknown[0]} is not an option of EVENT_BUS_URL; those are: {', '.join(sorted(_OPTIONS))}")
        self._common: dict[str, Any] = {
            "bootstrap_servers": parts.netloc.split(","),
            "bootstrap_timeout_ms": _FIRST_CONTACT,
            "reconnect_backoff_max_ms": 1_000,
            **options,
        }
        self._session_ms = max(6_000, int(session_timeout * 1000))  # brokers refuse less

    def publisher(self) -> KafkaPublisher:
        """Return a new publisher."""
        return KafkaPublisher(self._common, self.ensure)

    def subscriber(self, group: str, topics: Sequence[str]) -> KafkaSubscriber:
        """Return a new member of `group`."""
        return KafkaSubscriber(partial(self._consumer, group), sorted(set(topics)), self.ensure)

    def ensure(self, topics: Sequence[str], partitions: int = PARTITIONS) -> None:
        """Create the topics that are not there yet, with the cluster's own replication."""
        from kafka.admin import KafkaAdminClient
        from kafka.errors import TopicAlreadyExistsError

        with _told():
            admin = KafkaAdminClient(**self._common, request_timeout_ms=_ANSWER)
            try:
                if missing := sorted(set(topics) - set(admin.list_topics())):
                    with suppress(TopicAlreadyExistsError):
                        admin.create_topics({topic: {"num_partitions": partitions} for topic in missing}, wait_for_metadata=True)
            finally:
                admin.close()

    def span(self, topic: str) -> dict[Place, tuple[int, int]]:
        """Return the first kept and the next offset of each partition."""
        from kafka import TopicPartition

        with _told():
            consumer = self._consumer(None)
            try:
                places = [TopicPartition(topic, each) for each in consumer.partitions_for_topic(topic) or ()]
                starts, ends = consumer.beginning_offsets(places, _ANSWER), consumer.end_offsets(places, _ANSWER)
                return {Place(place.topic, place.partition): (starts[place], ends[place]) for place in places}
            finally:
                consumer.close()

    def read(self, place: Place, start: int, stop: int) -> Iterator[Record]:
        """Yield the kept messages with start ≤ offset < stop."""
        from kafka import TopicPartition

        with _told():
            consumer = self._consumer(None)
            try:
                where = TopicPartition(*place)
                consumer.assign([where])
                first, end = consumer.beginning_offsets([where], _ANSWER)[where], consumer.end_offsets([where], _ANSWER)[where]
                stop = min(stop, end)
                consumer.seek(where, max(start, first))
                while consumer.position(where, _ANSWER) < stop:
                    for record in consumer.poll(_ANSWER).get(where, ()):
                        if record.offset < stop:
                            yield _record(record)
            finally:
                consumer.close()

    def skip(self, group: str, topics: Sequence[str]) -> None:
        """Set a group that has no member now to the end of the topics."""
        from kafka import OffsetAndMetadata, TopicPartition

        self.ensure(topics)
        with _told():
            consumer = self._consumer(group)
            try:
                places = [TopicPartition(topic, each) for topic in topics for each in consumer.partitions_for_topic(topic) or ()]
                consumer.assign(places)
                ends = consumer.end_offsets(places, _ANSWER)
                consumer.commit({place: OffsetAndMetadata(end) for place, end in ends.items()}, timeout_ms=_ANSWER)
            finally:
                consumer.close()

    def trim(self, before: dt.datetime) -> int:  # noqa: ARG002 - part of the bus's contract
        """Do nothing: each topic's retention.ms is the cluster's business."""
        return 0

    def close(self) -> None:
        """Do nothing: each publisher and subscriber owns its connections."""

    def _consumer(self, group: str | None) -> Any:
        from kafka import KafkaConsumer

        return KafkaConsumer(
            **self._common,
            group_id=group,
            # The library's defaults would commit what is not done yet, and let a new group skip history.
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            session_timeout_ms=self._session_ms,
            heartbeat_interval_ms=self._session_ms // 4,
            metadata_max_age_ms=30_000,
            request_timeout_ms=self._session_ms + _ANSWER,
        )


class KafkaPublisher:
    """An idempotent producer that waits for all replicas in sync."""

    def __init__(self, common: Mapping[str, Any], ensure: Callable[[Sequence[str]], None]) -> None:
        """Connect on first use."""
        self._common, self._ensure = common, ensure
        self._producer: Any = None
        self._topics: set[str] = set()

    def publish(self, batch: Sequence[Outgoing]) -> None:
        """Send the batch and wait until the cluster has every message."""
        topics = {message.topic for message in batch} - self._topics
        if topics:
            self._ensure(sorted(topics))
            self._topics |= topics
        try:
            with _told():
                producer = self._open()
                sent = [
                    producer.send(message.topic, message.payload, message.key.encode(), _headers(message.headers))
                    for message in batch
                ]
                producer.flush(timeout=30)
                for acknowledged in sent:
                    acknowledged.get(timeout=1)
        except BusUnavailable:
            self.close()  # its state after an error is not worth guessing
            raise

    def close(self) -> None:
        """Give up the connections; what is not acknowledged is dropped, for the caller knows of it."""
        producer, self._producer = self._producer, None
        if producer is not None:
            sender = producer._sender  # noqa: SLF001 - close() flushes first, which fails and ends nothing while a message waits
            sender.force_close()
            sender.join(_FIRST_CONTACT / 1000)
            with suppress(BusUnavailable), _told():
                producer.close(timeout=0)

    def _open(self) -> Any:
        if self._producer is None:
            from kafka import KafkaProducer

            self._producer = KafkaProducer(
                **self._common,
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                # A batch that leaves early costs a wake-up of the sender and a lock; flush() ends the wait of the last messages.
                linger_ms=500,
                batch_size=524_288,
                delivery_timeout_ms=30_000,
                request_timeout_ms=10_000,
                max_block_ms=2_000,
                allow_auto_create_topics=False,
            )
        return self._producer


class KafkaSubscriber:
    """A member of a consumer group of the cluster."""

    def __init__(self, consumer: Callable[[], Any], topics: list[str], ensure: Callable[[Sequence[str]], None]) -> None:
        """Join at the first poll."""
        self._make, self._topics, self._ensure = consumer, topics, ensure
        self._consumer: Any = None
        self._early: list[Record] = []
        self._kept_at = self._heard_at = self._asked_at = 0.0

    def poll(self, timeout: float, most: int) -> list[Record]:
        """Return up to `most` next messages; wait up to `timeout` s for one."""
        if self._early:
            early, self._early = self._early, []
            return early
        with _told():
            self._kept_at = time.monotonic()
            polled = self._open().poll(timeout_ms=int(timeout * 1000), max_records=most)
            self._listen(bool(polled))
        return _records(polled)

    def _listen(self, heard: bool) -> None:
        """Join anew where nothing came for long and something is there: seen once, of a client that span without fetching."""
        now = time.monotonic()
        if heard:
            self._heard_at = self._asked_at = now
        elif now - self._asked_at > _DEAF:
            self._asked_at = now
            if behind := sum(self.lag().values()):
                log.warning("member hears nothing and joins anew", behind=behind)
                self.close()

    def keep(self) -> None:
        """Stay a member: poll with everything paused, once a second at most."""
        if time.monotonic() - self._kept_at < 1:
            return
        self._kept_at = time.monotonic()
        with _told():
            consumer = self._open()
            consumer.pause(*consumer.assignment())
            try:
                # A rebalance inside this poll can bring partitions that are not paused.
                self._early += _records(consumer.poll(timeout_ms=0))
            finally:
                consumer.resume(*consumer.paused())  # a poll that fails would leave them paused, and no fact came any more

    def commit(self, positions: Mapping[Place, int]) -> bool:
        """Remember the next offsets; False when the group was rebalanced."""
        from kafka import OffsetAndMetadata, TopicPartition
        from kafka.errors import CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError

        if not positions:
            return True
        offsets = {TopicPartition(*place): OffsetAndMetadata(offset) for place, offset in positions.items()}
        with _told():
            if not set(offsets) <= self._open().assignment():
                return False
            try:
                self._consumer.commit(offsets, timeout_ms=_ANSWER)
            except (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError):
                return False
        return True

    def lag(self) -> dict[Place, int]:
        """Return how many messages of each own partition are not polled yet, as the last answers of the cluster say."""
        with _told():
            consumer = self._open()
            places = consumer.assignment()
            if time.monotonic() - self._heard_at > _QUIET:
                ends = consumer.end_offsets(places, _ANSWER)
            else:  # a question would wait behind the fetch under way and hold up what comes after it
                ends = {each: consumer.highwater(each) for each in places}
            return {
                Place(each.topic, each.partition): max(0, end - consumer.position(each, _ANSWER))
                for each, end in ends.items()
                if end is not None
            }

    def close(self) -> None:
        """Leave the group."""
        if self._consumer is not None:
            with suppress(BusUnavailable), _told():
                self._consumer.close()
            self._consumer = None

    def _open(self) -> Any:
        if self._consumer is None:
            self._ensure(self._topics)
            self._consumer = self._make()
            self._consumer.subscribe(self._topics)
            self._heard_at = self._asked_at = time.monotonic()
        return self._consumer


@contextmanager
def _told() -> Iterator[None]:
    """Say every failure of the library as BusUnavailable."""
    from kafka.errors import KafkaError

    try:
        yield
    except (KafkaError, OSError) as wrong:
        raise BusUnavailable(str(wrong)) from wrong


def _headers(headers: Mapping[str, str]) -> list[tuple[str, bytes]]:
    return [(name, value.encode()) for name, value in headers.items()]


def _records(polled: Mapping[Any, Sequence[Any]]) -> list[Record]:
    return [_record(record) for records in polled.values() for record in records]


def _record(record: Any) -> Record:
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    key = (record.key or b"").decode(errors="replace")
    return Record(Place(record.topic, record.partition), record.offset, key, record.value or b"", headers)
