"""The crews, read from a file when the database is migrated, and which of them gets an order."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import sqlalchemy as sa
from chassis.errors import FieldError, InvalidFields
from sqlalchemy.orm import Session

from twuin import network
from twuin.work_orders.model import OPEN, Kind
from twuin.work_orders.tables import CrewRow, WorkOrderRow

_OPEN = tuple(state.value for state in OPEN)


class CrewFileWrong(Exception):  # noqa: N818 - named as what is wrong
    """A file of crews breaks a rule; the text says which."""


@dataclass(frozen=True, slots=True)
class Crew:
    """A crew: its name, the codes of its zones, what it can do, and how many orders it has open."""

    name: str
    zones: tuple[str, ...]
    skills: tuple[Kind, ...]
    open_orders: int = 0


def read(path: str) -> list[Crew]:
    """Return the crews of a TOML file, those of the labelled demo for no path; CrewFileWrong says what is wrong."""
    try:
        text = Path(path).read_text("utf-8") if path else _resource("crews.toml")
        found = [_crew(each) for each in tomllib.loads(text)["crews"]]
    except (OSError, KeyError, TypeError, ValueError) as wrong:
        raise CrewFileWrong(f"{path or 'crews.toml'}: {wrong}") from wrong
    if len({crew.name for crew in found}) != len(found):
        raise CrewFileWrong(f"{path or 'crews.toml'}: a name stands there twice")
    return found


def load(session: Session, crews: Sequence[Crew]) -> int:
    """Make the crews those of the list; return how many are new or other than before. Orders keep the crew that they have."""
    known = {row.name: row for row in session.scalars(sa.select(CrewRow))}
    changed = 0
    for crew in crews:
        skills = [skill.value for skill in crew.skills]
        row = known.pop(crew.name, None)
        if row is None or (row.zones, row.skills) != (list(crew.zones), skills):
            changed += 1
            session.merge(CrewRow(name=crew.name, zones=list(crew.zones), skills=skills))
    for gone in known.values():
        session.delete(gone)
    session.flush()
    return changed + len(known)


def listed(session: Session) -> list[Crew]:
    """Return all crews with the number of their open orders."""
    counts = _open_counts().subquery("counts")
    rows = session.execute(
        sa.select(CrewRow, sa.func.coalesce(counts.c.orders, 0))
        .outerjoin(counts, counts.c.crew == CrewRow.name)
        .order_by(CrewRow.name)
    )
    return [Crew(row.name, tuple(row.zones), tuple(map(Kind, row.skills)), orders) for row, orders in rows]


def fitting(session: Session, kind: Kind, zone: str) -> str:
    """Return the crew of the zone with the skill that has the fewest open orders; empty when there is none."""
    counts = _open_counts().subquery("counts")
    query = (
        sa.select(CrewRow.name)
        .outerjoin(counts, counts.c.crew == CrewRow.name)
        .where(CrewRow.zones.contains([zone]), CrewRow.skills.contains([kind.value]))
        .order_by(sa.func.coalesce(counts.c.orders, 0), CrewRow.name)
        .limit(1)
    )
    return session.scalar(query) or ""


def able(session: Session, name: str, kind: Kind) -> str:
    """Return the name of a crew that has the skill; InvalidFields for another or unknown one."""
    row = session.get(CrewRow, name)
    if row is None:
        raise InvalidFields(fields=[FieldError("crew", "enum", "Regu itu tidak dikenal.", "There is no such crew.")])
    if kind.value not in row.skills:
        raise InvalidFields(
            fields=[
                FieldError("crew", "skill", "Regu itu tidak mengerjakan jenis ini.", "That crew does not do this kind of work.")
            ]
        )
    return row.name


@cache
def materials() -> tuple[str, ...]:
    """Return the codes of all materials, in the order of the list."""
    return tuple(row["code"] for row in csv.DictReader(_resource("materials.csv").splitlines()))


def _open_counts() -> sa.Select[str, int]:
    return (
        sa.select(WorkOrderRow.crew, sa.func.count().label("orders"))
        .where(WorkOrderRow.state.in_(_OPEN))
        .group_by(WorkOrderRow.crew)
    )


def _crew(given: dict[str, object]) -> Crew:
    name, zones, skills = given["name"], given["zones"], given["skills"]
    known = {zone.code for zone in network.zones()}
    if not (isinstance(name, str) and name.strip() and isinstance(zones, list) and isinstance(skills, list)):
        raise ValueError("a crew has a name, zones and skills")
    if unknown := set(zones) - known:
        raise ValueError(f"{name}: unknown zones {sorted(map(str, unknown))}")
    words = {kind.code: kind for kind in Kind}
    if not skills or set(skills) - set(words):
        raise ValueError(f"{name}: skills are {', '.join(words)}")
    return Crew(name.strip(), tuple(zones), tuple(words[skill] for skill in skills))


def _resource(name: str) -> str:
    return resources.files("twuin.work_orders").joinpath(name).read_text("utf-8")
