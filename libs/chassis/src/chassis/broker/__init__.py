"""The event bus: Kafka for many machines, a log in PostgreSQL for one, behind one small interface."""

from __future__ import annotations

from chassis.broker.contract import PARTITIONS, Broker, BusUnavailable, Outgoing, Place, Publisher, Record, Subscriber

__all__ = [
    "PARTITIONS",
    "Broker",
    "BusUnavailable",
    "Outgoing",
    "Place",
    "Publisher",
    "Record",
    "Subscriber",
    "connect",
]


def connect(url: str, *, session_timeout: float = 10.0) -> Broker:
    """Return the bus at kafka://host:port[,host:port] or postgresql://…; a member silent for `session_timeout` s loses its partitions.

    Nothing is contacted yet, so a process starts while its bus is away.
    """
    scheme = url.partition("://")[0]
    if scheme == "kafka":
        from chassis.broker.kafka import KafkaBroker

        return KafkaBroker(url, session_timeout=session_timeout)
    if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        from chassis.broker.log import LogBroker

        return LogBroker(url, session_timeout=session_timeout)
    raise ValueError(f"EVENT_BUS_URL must start with kafka:// or postgresql://, not {scheme}://")
