"""Work orders with their steps and photos, and the crews; private to this capability."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twuin.schema import Base
from twuin.work_orders.model import Kind, Standing, State

_Instant = sa.DateTime(timezone=True)
_IS_OPEN = sa.text("state in (1, 2, 3, 4)")

work_order_numbers = sa.Sequence("work_order_numbers", metadata=Base.metadata)


class CrewRow(Base):
    """A crew: the zones that it covers, and the kinds of work (numbers) that it can do."""

    __tablename__ = "crews"

    name: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    zones: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    skills: Mapped[list[int]] = mapped_column(ARRAY(sa.SmallInteger))


class WorkOrderRow(Base):
    """A work order. `place`, the address in words, is sealed; without latitude the position is not known."""

    __tablename__ = "work_orders"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("subject_id", "kind", "visit"),
        sa.CheckConstraint("(state = 1) = (crew = '') or state in (5, 6)", name="assigned_has_crew"),
        sa.CheckConstraint("state not in (3, 4, 5) or accepted_by <> ''", name="begun_has_worker"),
        sa.CheckConstraint("(state = 5) = (outcome <> '')", name="completed_has_outcome"),
        sa.Index("ix_work_orders_open", "due_on", "work_order_id", postgresql_where=_IS_OPEN),
        sa.Index("ix_work_orders_crew_open", "crew", "due_on", "work_order_id", postgresql_where=_IS_OPEN),
        sa.Index(
            "ix_work_orders_crew_ended", "crew", "ended_at", "work_order_id", postgresql_where=sa.text("ended_at is not null")
        ),
        sa.Index("ix_work_orders_ended", "ended_at", "work_order_id", postgresql_where=sa.text("ended_at is not null")),
    )

    work_order_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    number: Mapped[str] = mapped_column(sa.Text)
    kind: Mapped[int] = mapped_column(sa.SmallInteger)
    state: Mapped[int] = mapped_column(sa.SmallInteger)
    subject_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid)
    subject_number: Mapped[str] = mapped_column(sa.Text)
    citizen_id: Mapped[str] = mapped_column(sa.Text, default="")  # whose place it is
    zone: Mapped[str] = mapped_column(sa.Text)
    kelurahan: Mapped[str] = mapped_column(sa.Text)
    latitude: Mapped[float | None] = mapped_column(sa.Double)
    longitude: Mapped[float | None] = mapped_column(sa.Double)
    place: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    crew: Mapped[str] = mapped_column(sa.Text, default="")
    accepted_by: Mapped[str] = mapped_column(sa.Text, default="")
    due_on: Mapped[dt.date] = mapped_column(sa.Date)
    visit: Mapped[int] = mapped_column(sa.Integer)
    reports: Mapped[int] = mapped_column(sa.Integer, default=0)
    materials: Mapped[list[list[Any]]] = mapped_column(JSONB)
    outcome: Mapped[str] = mapped_column(sa.Text, default="")
    note: Mapped[str] = mapped_column(sa.Text, default="")
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[dt.datetime] = mapped_column(_Instant)
    ended_at: Mapped[dt.datetime | None] = mapped_column(_Instant)
    version: Mapped[int] = mapped_column(sa.BigInteger)

    @property
    def standing(self) -> Standing:
        """The state machine's view of this row."""
        return Standing(State(self.state), self.crew, self.accepted_by)

    def stand(self, standing: Standing) -> None:
        """Take over what the state machine said."""
        self.state, self.crew, self.accepted_by = standing.state.value, standing.crew, standing.accepted_by

    @property
    def kind_of_work(self) -> Kind:
        """What it is for."""
        return Kind(self.kind)


class WorkStepRow(Base):
    """What happened to a work order; never changed. `actor` is a role's code: nobody's name."""

    __tablename__ = "work_steps"

    step_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    work_order_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("work_orders.work_order_id"), index=True)
    at: Mapped[dt.datetime] = mapped_column(_Instant)
    event: Mapped[str] = mapped_column(sa.Text)
    actor: Mapped[str] = mapped_column(sa.Text)
    actor_id: Mapped[str] = mapped_column(sa.Text, default="")
    note: Mapped[str] = mapped_column(sa.Text, default="")


class WorkPhotoRow(Base):
    """A photo of the work, whose bytes lie sealed under `path`; or one of a citizen's report (`complaint_id`), which singo keeps."""

    __tablename__ = "work_photos"
    __table_args__ = (
        sa.CheckConstraint("(path = '') = (complaint_id is not null)", name="kept_here_or_there"),
        sa.Index("ix_work_photos_path", "path", postgresql_where=sa.text("path <> ''")),
    )

    work_order_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("work_orders.work_order_id"), primary_key=True)
    photo_id: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    complaint_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)
    media_type: Mapped[str] = mapped_column(sa.Text, default="")
    size: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    sha256: Mapped[str] = mapped_column(sa.Text, default="")
    path: Mapped[str] = mapped_column(sa.Text, default="")
    at: Mapped[dt.datetime] = mapped_column(_Instant)
