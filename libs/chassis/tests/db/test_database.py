import contextlib
import datetime as dt
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from chassis import db, telemetry
from chassis.db.frame import inbox, outbox
from sqlalchemy.dialects import postgresql as pg


def _say(session, text, at=None):
    now = at or dt.datetime.now(dt.UTC)
    values = {"event_id": uuid.uuid4(), "topic": "t", "type": text, "key": "k", "sequence": 1, "time": now, "sent_at": at}
    session.execute(sa.insert(outbox), {**values, "traceparent": "", "payload": b""})


def _fail_after(_done, sentence):
    raise ValueError(sentence)


def _count(database):
    with database.transaction(readonly=True) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(outbox))


def test_commits_at_the_end_of_the_block(database):
    with database.transaction() as session:
        _say(session, "kept")
        assert _count(database) == 0
    assert _count(database) == 1


def test_rolls_back_what_raises(database):
    with pytest.raises(ValueError, match="no"), database.transaction() as session:
        _fail_after(_say(session, "lost"), "no")
    assert _count(database) == 0


def test_a_savepoint_undoes_its_part_only(database):
    with database.transaction() as session:
        _say(session, "kept")
        with pytest.raises(ValueError, match="part"), session.begin_nested():
            _fail_after(_say(session, "lost"), "part")
    assert _count(database) == 1


def test_a_readonly_transaction_writes_nothing(database):
    with pytest.raises(sa.exc.InternalError, match="read-only"), database.transaction(readonly=True) as session:
        _say(session, "no")


def test_the_engine_itself_has_real_transactions_too(database):
    with pytest.raises(ValueError, match="no"), database.engine.begin() as connection:
        _fail_after(connection.execute(sa.text("insert into inbox values ('c', gen_random_uuid(), now())")), "no")
    with database.transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(inbox)) == 0


def test_a_statement_stops_when_the_time_of_its_call_is_over(database):
    before = telemetry.deadline.set(time.monotonic() + 0.2)
    began = time.monotonic()
    try:
        with pytest.raises(sa.exc.OperationalError, match="statement timeout"), database.transaction() as session:
            session.execute(sa.text("select pg_sleep(5)"))
    finally:
        telemetry.deadline.reset(before)
    assert time.monotonic() - began < 1
    with database.transaction() as session:
        assert session.scalar(sa.text("show statement_timeout")) == "5s"


def test_connections_that_the_server_closed_are_replaced_unseen(database, url):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: _sleep(database), range(4)))
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test'")
    assert _count(database) == 0
    assert database.ready()


def _sleep(database):
    with database.transaction() as session:
        session.execute(sa.text("select pg_sleep(0.1)"))


def test_a_session_that_the_server_ended_for_idling_is_replaced_unseen(database):
    pooled = database.engine.raw_connection()
    driver = pooled.driver_connection
    pooled.close()
    driver.execute("set idle_in_transaction_session_timeout = 50")
    driver.execute("begin")
    time.sleep(0.5)
    with database.transaction() as session:
        assert session.scalar(sa.text("select 1")) == 1
    assert driver.closed


def test_is_not_ready_without_its_server():
    lonely = db.Database("postgresql://nobody@127.0.0.1:1/none", application_name="test")
    assert not lonely.ready()
    with pytest.raises(sa.exc.OperationalError), lonely.transaction():
        pass


def test_forgets_old_rows_and_keeps_unsent_ones(database):
    now = dt.datetime.now(dt.UTC)
    with database.transaction() as session:
        for days in (9, 8, 1):
            _say(session, f"{days} days", now - dt.timedelta(days=days))
        _say(session, "unsent")
        for days in (50, 2):
            session.execute(sa.insert(inbox).values(consumer="c", event_id=uuid.uuid4(), received_at=now - dt.timedelta(days=days)))
    with database.transaction() as session:
        assert db.trim_frame(session, now) == 3
        assert set(session.scalars(sa.select(outbox.c.type))) == {"1 days", "unsent"}


def test_names_every_constraint_by_convention(database):
    metadata = sa.MetaData(naming_convention=db.NAMING)
    db.frame_tables(metadata)
    assert {table.name for table in metadata.sorted_tables} == {"outbox", "inbox", "projection", "dead_letter", "idempotency"}
    inspected = sa.inspect(database.engine)
    for table in metadata.sorted_tables:
        assert inspected.get_pk_constraint(table.name)["name"] == f"pk_{table.name}"
        assert {column["name"] for column in inspected.get_columns(table.name)} == {column.name for column in table.columns}


EVENTS = sa.select(outbox.c.type, outbox.c.event_id).where(
    outbox.c.type == sa.bindparam("wanted", type_=sa.Text), outbox.c.sequence == 1
)


def test_a_read_answers_by_name_without_a_transaction(database):
    with database.transaction() as session:
        for text in ("seen", "other"):
            _say(session, text)
    read = db.Read(EVENTS)
    for _ in range(7):  # prepared or not, in a transaction or not
        rows = database.read(read, wanted="seen")
        assert [(row.type, type(row.event_id)) for row in rows] == [("seen", uuid.UUID)]
    with telemetry_budget(1.0):
        assert [row.type for row in database.read(read, wanted="other")] == ["other"]
    with database.engine.connect() as connection:
        assert connection.connection.driver_connection.info.transaction_status == 0


def test_a_read_takes_exactly_the_values_that_it_leaves_open(database):
    with pytest.raises(TypeError, match="wanted"):
        database.read(db.Read(EVENTS))
    with pytest.raises(ValueError, match="list"):
        db.Read(sa.select(outbox.c.type).where(outbox.c.type.in_(["a", "b"])))


def test_a_read_stops_when_the_time_of_its_call_is_over(database):
    began = time.monotonic()
    with telemetry_budget(0.2), pytest.raises(psycopg.errors.QueryCanceled):
        database.read(db.Read(sa.select(sa.func.pg_sleep(5))))
    assert time.monotonic() - began < 1


def test_a_read_replaces_connections_that_the_server_closed(database, url):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: _sleep(database), range(4)))
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test'")
    assert database.read(db.Read(EVENTS), wanted="none") == []


def test_a_write_is_part_of_its_transaction_and_says_how_many_rows_it_wrote(database):
    remember = db.Write(pg.insert(inbox).inline().on_conflict_do_nothing(), ("consumer", "event_id", "received_at"))
    values = {"consumer": "c", "event_id": uuid.uuid4(), "received_at": dt.datetime.now(dt.UTC)}
    with database.transaction() as session:
        assert [remember.run(session, **values), remember.run(session, **values)] == [1, 0]
        session.rollback()
    with database.transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(inbox)) == 0
        with pytest.raises(TypeError, match="received_at"):
            remember.run(session, consumer="c", event_id=uuid.uuid4())


@contextlib.contextmanager
def telemetry_budget(seconds):
    before = telemetry.deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        telemetry.deadline.reset(before)
