"""Tariffs in force, what a volume costs under them, and how new ones come in."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from chassis.errors import FieldError, InvalidFields, NotFound
from sqlalchemy.orm import Session

from twuin.tariffs import model
from twuin.tariffs.files import TariffFileWrong
from twuin.tariffs.model import Block, FixedPart, Line, Tariff
from twuin.tariffs.queries import current
from twuin.tariffs.tables import BlockRow, FixedPartRow, TariffRow

LARGEST_VOLUME = 1_000_000  # m³ a period that a question may be about


class TariffNotFound(NotFound):
    """No tariff of that group is in force on that day."""

    id = "Tidak ada tarif golongan {group} yang berlaku pada {on}."
    en = "No tariff of group {group} is in force on {on}."


@dataclass(frozen=True, slots=True)
class Calculation:
    """What a volume costs under a tariff, line by line; rupiah."""

    tariff: Tariff
    lines: list[Line]
    total: int


def tariffs_on(session: Session, on: dt.date, group: str | None = None) -> list[Tariff]:
    """Return the tariffs in force on a day, by group; only that of one group when it is given."""
    wanted = TariffRow.tariff_id.in_(current(on))
    statement = sa.select(TariffRow).where(wanted).order_by(TariffRow.group)
    if group is not None:
        statement = statement.where(TariffRow.group == group)
    return _assembled(session, list(session.scalars(statement)))


def by_id(session: Session, tariff_id: uuid.UUID) -> Tariff:
    """Return a tariff, in force or not, by its id; NotFound when there is none."""
    row = session.get(TariffRow, tariff_id)
    if row is None:
        raise NotFound
    return _assembled(session, [row])[0]


def calculate(session: Session, group: str, volume: int, on: dt.date) -> Calculation:
    """Return what `volume` m³ in a period cost for a group on a day; TariffNotFound, InvalidFields."""
    if not 0 <= volume <= LARGEST_VOLUME:
        raise InvalidFields(
            fields=[
                FieldError("volume", "range", f"Pemakaian 0 sampai {LARGEST_VOLUME} m³.", f"A use of 0 to {LARGEST_VOLUME} m³.")
            ]
        )
    found = tariffs_on(session, on, group)
    if not found:
        raise TariffNotFound(group=group, on=on.isoformat())
    lines = model.explain(found[0], volume)
    return Calculation(found[0], lines, model.total(lines))


def load(session: Session, tariffs: Iterable[Tariff]) -> int:
    """Add tariffs that are not there yet, return how many; TariffFileWrong when one that is there says something else."""
    added = 0
    for tariff in tariffs:
        row = session.scalar(
            sa.select(TariffRow).where(TariffRow.group == tariff.group, TariffRow.effective_from == tariff.effective_from)
        )
        if row is None:
            _add(session, tariff)
            added += 1
        elif _assembled(session, [row]) != [tariff]:
            # Bills point at a tariff: what was in force stays as it was; a change is a new phase with its own day.
            raise TariffFileWrong(f"group {tariff.group} from {tariff.effective_from} is there with other contents")
    return added


def _add(session: Session, tariff: Tariff) -> None:
    tariff_id = uuid.uuid4()
    session.add(
        TariffRow(
            tariff_id=tariff_id, group=tariff.group, effective_from=tariff.effective_from, name_id=tariff.name_id,
            name_en=tariff.name_en, demo=tariff.demo, source=tariff.source,
        )
    )  # fmt: skip
    session.flush()
    session.add_all(
        BlockRow(tariff_id=tariff_id, block_no=place, from_m3=block.from_m3, to_m3=block.to_m3, price=block.price)
        for place, block in enumerate(tariff.blocks, 1)
    )
    session.add_all(
        FixedPartRow(
            tariff_id=tariff_id, position=place, code=part.code, name_id=part.name_id, name_en=part.name_en, amount=part.amount
        )
        for place, part in enumerate(tariff.fixed_parts, 1)
    )
    session.flush()


def _assembled(session: Session, rows: Sequence[TariffRow]) -> list[Tariff]:
    ids = [row.tariff_id for row in rows]
    blocks: dict[uuid.UUID, list[Block]] = {}
    for block in session.scalars(sa.select(BlockRow).where(BlockRow.tariff_id.in_(ids)).order_by(BlockRow.block_no)):
        blocks.setdefault(block.tariff_id, []).append(Block(block.from_m3, block.to_m3, block.price))
    parts: dict[uuid.UUID, list[FixedPart]] = {}
    for part in session.scalars(sa.select(FixedPartRow).where(FixedPartRow.tariff_id.in_(ids)).order_by(FixedPartRow.position)):
        parts.setdefault(part.tariff_id, []).append(FixedPart(part.code, part.name_id, part.name_en, part.amount))
    return [
        Tariff(
            group=row.group, effective_from=row.effective_from, name_id=row.name_id, name_en=row.name_en, demo=row.demo,
            source=row.source, blocks=tuple(blocks[row.tariff_id]), fixed_parts=tuple(parts.get(row.tariff_id, ())),
        )
        for row in rows
    ]  # fmt: skip
