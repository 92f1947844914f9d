# ruff: noqa: N802 - methods of a servicer are named by the proto
"""One errand is one trace: over calls, the outbox, the bus and what a fact brings about; and nothing where traces are off."""

import os
import subprocess
import sys
import threading
import time
from concurrent import futures

import grpc
import orjson
import pytest
from chassis import outbox, principal, rpc, telemetry
from chassis.consumer import Consumer, Subscription
from chassis.errors import NotFound
from chassis.outbox import Bulk
from chassis.process import Job, repeat
from chassis.relay import Relay
from chassis.settings import Common
from chassis.telemetry import context
from chassis.testing.calls import serve
from google.protobuf import json_format
from malang.singo.v1 import charter_pb2_grpc
from malang.singo.v1.charter_pb2 import GetKindRequest, Kind
from malang.twuin.v1.billing_events_pb2 import BillIssued, BillPaid
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceServicer, add_TraceServiceServicer_to_server
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

METHOD = "malang.singo.v1.Charter/GetKind"
STRANGER = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-"
# All that a span may say; none of it is about a person.
ATTRIBUTES = {
    "cloudevents.event_type", "error.type", "messaging.consumer.group.name", "messaging.destination.name",
    "messaging.destination.partition.id", "messaging.message.id", "messaging.operation.name", "messaging.operation.type",
    "messaging.system", "rpc.method", "rpc.response.status_code", "rpc.system.name", "server.address",
}  # fmt: skip


def settings(**given):
    return Common(database_url="x", event_bus_url="x", **given)


@pytest.fixture
def traced(tmp_path):
    path = tmp_path / "traces.jsonl"
    telemetry.trace("test", "rpc", settings(traces=f"file:{path}"))
    yield lambda *names: spans(path, *names)
    context.record(None, 0)


def spans(path, *names):
    """Return the spans in a file once those with `names` are there, with their texts among the attributes as a dictionary."""
    found = []

    def there():
        lines = path.read_bytes().splitlines() if path.exists() else []
        found[:] = [span for line in lines for span in orjson.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"]]
        return set(names) <= {span["name"] for span in found}

    until(there)
    for span in found:
        span["attributes"] = {each["key"]: each["value"].get("stringValue") for each in span["attributes"]}
    return found


def one(found, name, kind=None):
    (span,) = (span for span in found if span["name"] == name and kind in {None, span["kind"]})
    return span


def until(holds):
    limit = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < limit, "did not come true in time"
        time.sleep(0.02)


class Charter(charter_pb2_grpc.CharterServicer):
    def __init__(self, do):
        self.do = do

    @rpc.access(rpc.ANYONE)
    def GetKind(self, request, context):
        self.do()
        return Kind()


def calling(do):
    return serve(rpc.Served(charter_pb2_grpc.add_CharterServicer_to_server, Charter(do), "malang.singo.v1.Charter"))


def ask(upstream):
    upstream.stub(charter_pb2_grpc.CharterStub).GetKind(GetKindRequest())


def test_a_call_its_fact_and_the_effect_are_one_trace(database, bus, traced):
    seen = []

    def pay():
        with database.transaction() as session:
            outbox.append(session, BillPaid(bill_id="b"), key="b", sequence=1)

    with calling(pay) as upstream, telemetry.call(name="GET /bills"):
        ask(upstream)
    relay, stop = Relay(database, bus, source="/test"), threading.Event()
    assert relay.turn() == 1
    effects = [
        Subscription(BillPaid, lambda _session, _fact, envelope: seen.append((envelope.traceparent, telemetry.traceparent())))
    ]
    consumer = threading.Thread(target=Consumer(database, bus, "g", effects).run, args=(stop,))
    consumer.start()
    until(lambda: seen)
    stop.set()
    consumer.join()
    relay.close()

    found = traced("GET /bills", "send twuin.billing", "process twuin.billing")
    names = (("GET /bills", 1), (METHOD, 3), (METHOD, 2), ("send twuin.billing", 4), ("process twuin.billing", 5))
    chain = [one(found, *name) for name in names]
    assert len(found) == len(chain)
    assert len({span["traceId"] for span in chain}) == 1
    assert [span.get("parentSpanId") for span in chain] == [None, *(span["spanId"] for span in chain[:-1])]
    (sent, within), trace = seen[0], chain[0]["traceId"]
    assert sent == f"00-{trace}-{chain[3]['spanId']}-01"
    assert within == f"00-{trace}-{chain[4]['spanId']}-01"
    assert chain[4]["attributes"]["messaging.system"] == "postgresql"
    assert chain[4]["attributes"]["cloudevents.event_type"] == "malang.twuin.v1.BillPaid"
    assert {key for span in found for key in span["attributes"]} <= ATTRIBUTES


def test_the_spans_of_a_call_stand_in_one_another(traced):
    with calling(lambda: None) as upstream, telemetry.call(name="outer"):
        ask(upstream)
    found = traced("outer", METHOD)
    outer, client, server = one(found, "outer"), one(found, METHOD, 3), one(found, METHOD, 2)
    begun = [int(span["startTimeUnixNano"]) for span in (outer, client, server)]
    ended = [int(span["endTimeUnixNano"]) for span in (server, client, outer)]
    assert [*begun, *ended] == sorted([*begun, *ended])


@pytest.mark.parametrize(
    ("wrong", "code", "failed"), [(NotFound(), "NOT_FOUND", False), (ValueError("3573030101900001"), "INTERNAL", True)]
)
def test_a_call_that_fails_says_so_and_nothing_of_its_data(traced, wrong, code, failed):
    def fail():
        raise wrong

    with calling(fail) as upstream, pytest.raises(rpc.Failure), telemetry.call(name="outer"):
        ask(upstream)
    found = traced("outer", METHOD)
    assert one(found, "outer")["attributes"] == {"error.type": "Failure"}
    client, server = one(found, METHOD, 3), one(found, METHOD, 2)
    assert {span["attributes"]["rpc.response.status_code"] for span in (client, server)} == {code}
    assert client["status"] == {"code": 2}
    assert "3573030101900001" not in orjson.dumps(found).decode()
    assert server.get("status") == ({"code": 2} if failed else None)
    assert server["attributes"].get("error.type") == (code if failed else None)


def test_the_file_is_what_the_standard_says(traced, tmp_path):
    with telemetry.call(name="outer") as span:
        span.note({"http.response.status_code": 200, "http.response.header.x-request-id": ["r"]})
    traced("outer")
    (line,) = (tmp_path / "traces.jsonl").read_bytes().splitlines()
    written = json_format.Parse(line, TracesData())
    (resource,) = written.resource_spans
    told = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert (told["service.namespace"], told["service.name"]) == ("malang", "test-rpc")
    (span,) = resource.scope_spans[0].spans
    assert {each.key: each.value.WhichOneof("value") for each in span.attributes} == {
        "http.response.status_code": "int_value",
        "http.response.header.x-request-id": "array_value",
    }
    assert (tmp_path / "traces.jsonl").stat().st_mode & 0o077 == 0


def test_a_collector_gets_them_by_otlp():
    came = []

    class Collector(TraceServiceServicer):
        def Export(self, request, context):
            came.append(request)
            return ExportTraceServiceResponse()

    server = grpc.server(futures.ThreadPoolExecutor(2))
    add_TraceServiceServicer_to_server(Collector(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    telemetry.trace("test", "rpc", settings(traces="otlp", traces_endpoint=f"http://127.0.0.1:{port}"))
    try:
        with telemetry.call(name="outer"):
            trace = telemetry.traceparent()[3:35]
        until(lambda: came)
    finally:
        context.record(None, 0)
        server.stop(0)
    (span,) = came[0].resource_spans[0].scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == ("outer", trace)


def test_what_is_not_chosen_leaves_no_record_anywhere(database, tmp_path):
    path = tmp_path / "traces.jsonl"
    telemetry.trace("test", "rpc", settings(traces=f"file:{path}", traces_ratio=0))
    try:
        with telemetry.call(name="outer"):
            assert telemetry.traceparent().endswith("-00")
            assert telemetry.begin("inner", "client", telemetry.traceparent()) == (context.UNRECORDED, telemetry.traceparent())
        with telemetry.call(traceparent=STRANGER + "01", name="chosen elsewhere"):
            assert telemetry.traceparent().endswith("-01")
        assert [span["name"] for span in spans(path, "chosen elsewhere")] == ["chosen elsewhere"]
    finally:
        context.record(None, 0)


@pytest.mark.parametrize(("ratio", "given", "kept"), [(0.0, "01", "00"), (1.0, "00", "01"), (0.0, "00", "00"), (1.0, "01", "01")])
def test_a_stranger_names_the_trace_and_does_not_choose_it(tmp_path, ratio, given, kept):
    telemetry.trace("test", "rpc", settings(traces=f"file:{tmp_path}/traces.jsonl", traces_ratio=ratio))
    try:
        context.enter("", STRANGER + given, "GET /", trusted=False)
        assert (telemetry.traceparent()[:35], telemetry.traceparent()[53:]) == (STRANGER[:35], kept)
    finally:
        context.record(None, 0)
        context.enter()


def test_many_facts_at_once_are_not_recorded(database, traced):
    with telemetry.call(name="outer"), database.transaction() as session:
        outbox.append_copy(session, "twuin.billing", [Bulk(BillIssued(bill_id="b"), key="b", sequence=1)])
        outbox.restate(session, [outbox.Again(BillIssued(bill_id="b"), "b", 1, outbox.clock.now())])
        kept = [row.traceparent for row in session.execute(outbox.outbox.select())]
        assert {each[:35] for each in kept} == {telemetry.traceparent()[:35]}
    assert [each[53:] for each in kept] == ["00", "00"]
    traced("outer")


def test_a_round_of_a_job_leaves_a_record_when_it_did_something(traced):
    stop, did = threading.Event(), iter((0, 2, 0))

    def work(_stop):
        done = next(did, None)
        if done is None:
            stop.set()
            raise RuntimeError
        return done

    repeat(Job("deliver", 0.0, work), stop)
    with telemetry.call(name="after"):
        pass
    rounds = [span for span in traced("after", "job deliver") if span["name"] == "job deliver"]
    assert [span["attributes"] for span in rounds] == [{}, {"error.type": "RuntimeError"}]


QUIET = """
import sys
from chassis import consumer, process, relay, rpc, telemetry
from chassis.settings import Common
telemetry.trace("test", "rpc", Common(database_url="x", event_bus_url="x"))
with telemetry.call(name="outer") as span:
    assert telemetry.begin("inner", "client", telemetry.traceparent()) == (span, telemetry.traceparent())
    assert telemetry.traceparent().endswith("-00")
print(sorted(name for name in sys.modules if name.startswith("opentelemetry")))
"""


def test_without_traces_nothing_of_it_is_loaded():
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    shown = subprocess.run([sys.executable, "-c", QUIET], env=environ, check=True, capture_output=True, text=True).stdout
    assert shown.strip() == "[]"


@pytest.mark.parametrize("wrong", ["file:", "http://collector", "OTLP"])
def test_a_place_that_is_none_stops_the_start(wrong, capsys):
    from chassis.settings import load

    with pytest.raises(SystemExit):
        load(Common, "X_", {"DATABASE_URL": "x", "EVENT_BUS_URL": "x", "TRACES": wrong})
    assert "TRACES is wrong" in capsys.readouterr().err


def test_a_trace_says_nothing_of_who_asks(traced):
    with (
        calling(lambda: None) as upstream,
        principal.acting(principal.Principal("citizen-7", "citizen")),
        telemetry.call(name="outer"),
    ):
        ask(upstream)
    assert "citizen-7" not in orjson.dumps(traced("outer", METHOD)).decode()
