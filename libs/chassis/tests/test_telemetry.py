import io
import json
import logging
import os
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa
import structlog
from chassis import telemetry
from chassis.settings import Common
from chassis.telemetry.masking import masked
from hypothesis import given
from hypothesis import strategies as st

NIK = "3573030101900001"
TRACE = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"


class Captured:
    """Standard output as a process has it, with its buffer."""

    def __init__(self):
        self.buffer = io.BytesIO()

    def write(self, text):
        self.buffer.write(text.encode())

    def flush(self):
        pass

    @property
    def lines(self):
        return [json.loads(line) for line in self.buffer.getvalue().splitlines()]


@pytest.fixture
def said(monkeypatch):
    out = Captured()
    monkeypatch.setattr(sys, "stderr", out)
    handlers, level = logging.root.handlers[:], logging.root.level
    telemetry.configure("singo", "rpc", Common(database_url="x", event_bus_url="x", log_level="info"))
    yield out
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


# --- logs


def test_a_line_says_what_where_and_in_which_call(said):
    with telemetry.call("req-1", TRACE):
        telemetry.logger("singo.letters").info("letter_signed", letter="b7c1")
    (line,) = said.lines
    assert line["event"] == "letter_signed"
    assert line["level"] == "info"
    assert (line["service"], line["process"], line["module"]) == ("singo", "rpc", "singo.letters")
    assert (line["request_id"], line["trace_id"], line["letter"]) == ("req-1", "ab" * 16, "b7c1")
    assert line["time"].endswith("Z")


def test_what_is_below_the_level_is_not_said(said):
    telemetry.logger("x").debug("nothing")
    assert said.lines == []


def test_libraries_speak_in_the_same_form(said):
    logging.getLogger("kafka.conn").warning("no answer from %s", "peer")
    logging.getLogger("kafka.conn").info("chatter")
    (line,) = said.lines
    assert (line["event"], line["level"], line["module"]) == ("no answer from peer", "warning", "kafka.conn")


def test_a_traceback_is_said_in_one_line_and_masked(said):
    try:
        int(f"NIK {NIK}")
    except ValueError:
        telemetry.logger("x").exception("failed")
    (line,) = said.lines
    assert "'NIK *************001'" in line["exception"]


def test_an_error_of_the_database_is_said_without_its_values(said, postgres):
    from sqlalchemy.exc import DBAPIError

    name = "Siti " + "Aminah"  # not as it stands in this source, which a traceback shows
    engine = sa.create_engine("postgresql+psycopg" + postgres.removeprefix("postgresql"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("create temporary table person (name text unique, age int check (age > 0))"))
        shown = []
        insert = sa.text("insert into person values (:name, :age)")
        for age in (1, 1, -1):  # the second is a duplicate, the third breaks the check
            try:
                with connection.begin_nested():
                    connection.execute(insert, {"name": name, "age": age})
            except DBAPIError as wrong:
                shown.append(name in str(wrong))
                telemetry.logger("x").error("failed", exc_info=wrong)
                telemetry.logger("x").exception("failed")
                logging.getLogger("library").exception("failed")
    engine.dispose()
    assert shown == [True, True]
    assert len(said.lines) == 6
    assert all("violates" in line["exception"] for line in said.lines)
    assert name not in said.buffer.getvalue().decode()


def test_a_person_can_read_the_console(monkeypatch, capsys):
    telemetry.configure("singo", "rpc", Common(database_url="x", event_bus_url="x", log_format="console"))
    telemetry.logger("singo").warning("letter_late", nik=NIK)
    structlog.reset_defaults()
    said = capsys.readouterr().err
    assert "letter_late" in said
    assert NIK not in said


@pytest.mark.parametrize(
    "value",
    [NIK, int(NIK), f"nik={NIK}", f"KK{NIK};", f"a{NIK}b", "3573 0301 0190 0001", "3573-0301-0190-0001", "357303.010190.0001",
     {"deep": [{"er": (NIK,)}]}, {NIK: 1}, {NIK}, NIK.encode(), [b"x" + NIK.encode()], ValueError(NIK),
     "+6281234567890", "081234567890", "6281234567890", "0812-3456-7890", "+62 812 3456 7890", "tel:081234567890,"],
)  # fmt: skip
def test_no_identity_or_phone_number_is_ever_said(said, value):
    telemetry.logger("x").warning("looked_up", who=value, **{"nested": {"value": value}} if value.__hash__ else {})
    logging.getLogger("library").error("value is %s", value)
    text = said.buffer.getvalue().decode()
    digits = "".join(sign for sign in text if sign.isdigit())
    for secret in ("357303010190", "81234567"):
        assert secret not in digits
    assert len(said.lines) == 2


def test_a_number_in_the_event_itself_is_masked(said):
    telemetry.logger("x").info(f"person {NIK}")
    assert NIK not in said.buffer.getvalue().decode()


@given(st.text(), st.from_regex(r"\A[1-9][0-9]{15}\Z"), st.text())
def test_masks_sixteen_digits_wherever_they_stand(before, number, after):
    if not before[-1:].isdigit() and not after[:1].isdigit():
        assert number not in telemetry.mask(before + number + after)


@pytest.mark.parametrize(
    "harmless", ["110000", "2026-11-24", "Rp 1.250.000", "188.45/34/35.73.02/2018", "35.73.03.1008", "123456789012345"]
)
def test_leaves_other_numbers_alone(harmless):
    assert telemetry.mask(harmless) == harmless


def test_leaves_amounts_and_truth_alone():
    assert masked({"amount": 1_250_000, "share": 0.1234567890123456, "paid": True, "none": None}) == {
        "amount": 1_250_000,
        "share": 0.1234567890123456,
        "paid": True,
        "none": None,
    }


def test_endless_nesting_is_cut_and_masked():
    value = NIK
    for _ in range(30):
        value = [value]
    assert NIK not in str(masked(value))


# --- context


def test_a_call_continues_the_trace_with_a_span_of_its_own():
    with telemetry.call("req-1", TRACE):
        assert telemetry.request_id() == "req-1"
        assert telemetry.traceparent().startswith(TRACE[:36])
        assert telemetry.traceparent() != TRACE
        assert telemetry.traceparent() == telemetry.traceparent()
        with telemetry.call("req-2"):
            assert telemetry.request_id() == "req-2"
            assert not telemetry.traceparent().startswith(TRACE[:36])
        assert telemetry.request_id() == "req-1"
    assert telemetry.request_id() == ""


@pytest.mark.parametrize("wrong", ["", "no", TRACE[:-1], TRACE.upper(), TRACE + "\n", TRACE + "-more", "ff" + TRACE[2:],
                                   "00-" + "0" * 32 + TRACE[35:], TRACE[:36] + "0" * 16 + "-01", "x" * 5000])  # fmt: skip
def test_a_malformed_trace_is_replaced(wrong):
    with telemetry.call("req-1", wrong):
        assert len(telemetry.traceparent()) == 55
        assert not telemetry.traceparent().startswith(TRACE[:36])


def test_a_later_version_of_the_trace_standard_is_understood():
    with telemetry.call("req-1", "01" + TRACE[2:] + "-more"):
        assert telemetry.traceparent().startswith(TRACE[:36])


@pytest.mark.parametrize("wrong", ["", "two words", "x" * 65, "a\nb", "<script>"])
def test_a_malformed_request_id_is_replaced(wrong):
    with telemetry.call(wrong):
        assert len(telemetry.request_id()) == 32


def test_the_remaining_time_falls():
    assert telemetry.remaining() is None
    token = telemetry.deadline.set(time.monotonic() + 1)
    try:
        first = telemetry.remaining()
        time.sleep(0.02)
        assert telemetry.remaining() < first <= 1
    finally:
        telemetry.deadline.reset(token)


# --- metrics

WORKER = """
import os, sys
from prometheus_client import Counter
counter = Counter("pieces_total", "Pieces")
counter.inc(int(sys.argv[1]))
"""
SCRAPE = """
from prometheus_client import generate_latest
from chassis import telemetry
print(generate_latest(telemetry.registry()).decode())
"""


def test_one_scrape_adds_up_all_workers(tmp_path):
    environ = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    for amount in ("2", "5"):
        subprocess.run([sys.executable, "-c", WORKER, amount], env=environ, check=True)
    shown = subprocess.run([sys.executable, "-c", SCRAPE], env=environ, check=True, capture_output=True, text=True).stdout
    assert "pieces_total 7.0" in shown
