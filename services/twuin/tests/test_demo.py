from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from chassis import clock
from chassis.db import Database
from chassis.db.frame import outbox
from twuin import app, demo
from twuin.parts import Parts


def test_makes_the_same_demo_once_however_often_it_is_asked(settings):
    db = Database(settings.database_url, application_name="test")
    parts = Parts(settings, db)
    app.load_tariffs(parts)
    with clock.frozen(dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)):
        first = demo.run(parts, 20)
        again = demo.run(parts, 20)
    assert first == again
    assert len(first["connections"]) == 20
    assert all(one["last_bill_amount"] > 0 and one["meter_serial"] and one["phone"] for one in first["connections"])
    with db.transaction() as session:
        count = {
            table: session.scalar(sa.text(f"select count(*) from {table}"))
            for table in ("connections", "meters", "registers", "readings", "bills")
        }
        assert count == {"connections": 20, "meters": 20, "registers": 20, "readings": 260, "bills": 260}
        assert session.scalar(sa.text("select count(*) from bills where state = 2")) == 12 * 11
        assert session.scalar(sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))) == 0
        continuous = sa.text(
            "select count(*) from (select previous_value, lag(value) over (partition by connection_id order by period) as before,"
            " value, volume from readings) r where before <> previous_value or value - previous_value <> volume"
        )
        assert session.scalar(continuous) == 0
    db.close()
