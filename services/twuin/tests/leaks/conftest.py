from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from chassis import clock
from chassis.db.frame import outbox
from chassis.inbox import Envelope
from chassis.principal import Principal
from chassis.testing import database_url, postgres  # noqa: F401 - fixtures
from google.protobuf.message import Message
from malang.singo.v1.complaints_events_pb2 import ComplaintFiled, ComplaintReopened, ComplaintWithdrawn
from malang.twuin.v1 import work_orders_events_pb2 as orders
from twuin import work_orders
from twuin.leaks.service import Means
from twuin.leaks.subscriptions import Listener
from twuin.work_orders import field
from twuin.work_orders.model import Report

from services.twuin.tests.waterworks import NOW, SAWOJAJAR, Waterworks

HERE = (-7.9700, 112.6600)
CREW = Principal("ani", "staff", roles=frozenset({"crew"}), claims={"office": "Regu Timur"})


class City:
    """Citizens who report, a crew that works, and the bus between: facts are handed over as often and as late as a test wants."""

    def __init__(self, works: Waterworks, metres: int = 60) -> None:
        self.works, self.db = works, works.db
        listener = Listener(Means(works.parts.vault, metres))
        self._handle = {each.fact.DESCRIPTOR.full_name: each.handle for each in listener.subscriptions()}
        self._sequences: dict[str, int] = {}
        self._sent = self._filed = 0

    def give(self, fact: Message, *, key: str, sequence: int) -> None:
        """Let a fact have its effect, in a transaction of its own."""
        name = fact.DESCRIPTOR.full_name
        envelope = Envelope(uuid.uuid4(), name, "/test", clock.now(), key, sequence, "", "topic", 0, 0)
        with self.db.transaction() as session:
            self._handle[name](session, fact, envelope)

    def say(self, fact: Message, *, times: int = 1) -> None:
        """Hand over a fact of singo about a complaint with its next sequence, once or more often."""
        key = fact.complaint_id
        self._sequences[key] = self._sequences.get(key, 0) + 1
        for _ in range(times):
            self.give(fact, key=key, sequence=self._sequences[key])

    def filed(self, place: tuple[float, float] | None = HERE, *, photos: tuple[str, ...] = (), **more: object) -> ComplaintFiled:
        """Return the fact of a new report."""
        latitude, longitude = place or (0.0, 0.0)
        given = {"category": "water_leak", "water": True, "kelurahan": SAWOJAJAR, "resolve_by": "2026-11-30", **more}
        complaint_id = str(uuid.uuid4())
        fact = ComplaintFiled(
            complaint_id=complaint_id, citizen_id="A", number=f"ADU-{complaint_id[:4].upper()}", latitude=latitude, longitude=longitude,
            photo_ids=photos, **given,
        )  # fmt: skip
        self._filed += 1
        fact.filed_at.FromDatetime(clock.now() + dt.timedelta(milliseconds=self._filed))
        return fact

    def report(self, place: tuple[float, float] | None = HERE, **more: object) -> str:
        """Let a citizen report; return the complaint's id."""
        fact = self.filed(place, **more)
        self.say(fact)
        return fact.complaint_id

    def reopen(self, complaint_id: str, *, times: int = 1) -> None:
        self.say(ComplaintReopened(complaint_id=complaint_id, water=True, resolve_by="2026-12-05", visit=2), times=times)

    def withdraw(self, complaint_id: str) -> None:
        self.say(ComplaintWithdrawn(complaint_id=complaint_id, water=True))

    def orders(self) -> list[work_orders.WorkOrder]:
        """Return all work orders, oldest first."""
        with self.db.transaction(readonly=True) as session:
            ids = session.execute(sa.text("select work_order_id from work_orders order by number")).scalars()
            return [work_orders.get(session, work_order_id) for work_order_id in ids]

    def crew(self, *steps: str, order: work_orders.WorkOrder | None = None, who: Principal = CREW) -> None:
        """Let the crew accept, arrive and end the newest (or another) order."""
        work_order_id = (order or self.orders()[-1]).work_order_id
        for step in steps:
            with self.db.transaction() as session:
                if step == "accept":
                    field.accept(session, who, work_order_id)
                elif step == "arrive":
                    field.arrive(session, who, work_order_id, 0.0, 0.0)
                else:
                    field.complete(session, who, work_order_id, Report(step, "keterangan"))

    def pump(self, *, times: int = 1, order: Callable[[list[Message]], list[Message]] = list) -> None:
        """Hand over the facts of work orders that were said since the last time."""
        with self.db.transaction(readonly=True) as session:
            query = sa.select(outbox).where(outbox.c.topic == "twuin.work_orders", outbox.c.id > self._sent).order_by(outbox.c.id)
            rows = session.execute(query).all()
        self._sent = max((row.id for row in rows), default=self._sent)
        for row in order(list(rows)):
            kind = getattr(orders, row.type.rpartition(".")[2])
            if row.type in self._handle:
                for _ in range(times):
                    self.give(kind.FromString(row.payload), key=row.key, sequence=row.sequence)

    def said(self, kind: type[Message]) -> list[Message]:
        return self.works.facts(kind)

    def leaks(self) -> list[sa.Row]:
        with self.db.transaction(readonly=True) as session:
            return list(session.execute(sa.text("select * from leaks order by number")))


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def city(waterworks: Waterworks) -> City:
    with waterworks.db.transaction() as session:
        work_orders.load_crews(session, work_orders.read_crews(""))
    return City(waterworks)
