"""Meters taken over in bulk, and an invented history of readings for demos and benchmarks."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import psycopg
import sqlalchemy as sa
from chassis import clock
from sqlalchemy.orm import Session

from twuin.vocabulary import first_day

_METERS = "copy meters (meter_id, connection_id, serial, digits, initial_value, installed_on) from stdin (format binary)"
_METER_TYPES = ["uuid", "uuid", "text", "int2", "int8", "date"]
# Every register begins at its standing meter.
_REGISTERS = sa.text("""
insert into registers (connection_id, meter_id, digits, base_value, carried, shown_value, replaced, last_period, last_day)
select m.connection_id, m.meter_id, m.digits, m.initial_value, 0, m.initial_value, false, null, m.installed_on
from meters m where m.removed_on is null and not exists (select from registers r where r.connection_id = m.connection_id)
order by m.connection_id
""")
# Use differs by household and by month; one household in seven uses nothing at all, as in the city. The same every time.
_HISTORY = sa.text("""
insert into readings (connection_id, period, reading_id, meter_id, previous_value, value, volume, rolled_over, replaced, estimated,
                      read_on, entered_by, entered_at, warnings)
select connection_id, period, gen_random_uuid(), meter_id, reached - volume, reached, volume, false, false, false,
       read_on, :by, :at, case when volume = 0 then 4 else 0 end
from (
  select r.connection_id, r.meter_id, p.period, p.read_on, v.volume,
         r.base_value + sum(v.volume) over (partition by r.connection_id order by p.period) as reached
  from registers r
  join meters m on m.meter_id = r.meter_id
  cross join unnest(cast(:periods as text[]), cast(:days as date[])) as p (period, read_on)
  cross join lateral (select abs(hashtextextended(m.serial, 1)) as house, abs(hashtextextended(m.serial || p.period, 2)) as month) h
  cross join lateral (select case when h.house % 7 = 0 then 0 else 6 + h.house / 7 % 22 + h.month % 7 end as volume) v
  where r.last_period is null
) history
order by connection_id, period
""")
_REACHED = sa.text("""
update registers r set base_value = l.value, shown_value = l.value, last_period = l.period, last_day = l.read_on
from (select distinct on (connection_id) connection_id, value, period, read_on from readings order by connection_id, period desc) l
where l.connection_id = r.connection_id and r.last_period is null
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """A meter as it stands at a connection when it is taken over."""

    connection_id: uuid.UUID
    serial: str
    digits: int
    initial_value: int
    installed_on: dt.date


def take_in(session: Session, meters: Iterable[Standing]) -> int:
    """Add meters and their registers; return how many."""
    session.flush()
    driver = cast("psycopg.Connection[object]", session.connection().connection.driver_connection)
    count = 0
    with driver.cursor() as cursor, cursor.copy(_METERS) as copy:
        copy.set_types(_METER_TYPES)
        for one in meters:
            copy.write_row((uuid.uuid4(), one.connection_id, one.serial, one.digits, one.initial_value, one.installed_on))
            count += 1
    session.execute(_REGISTERS)
    return count


def invent_history(session: Session, periods: Sequence[str], *, by: str) -> None:
    """Give every register that was never read an invented reading for each of the periods (oldest first)."""
    days = [first_day(period).replace(day=25) for period in periods]
    session.execute(_HISTORY, {"periods": list(periods), "days": days, "by": by, "at": clock.now()})
    session.execute(_REACHED)
