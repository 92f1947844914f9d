# ruff: noqa: N818 - methods of a servicer are named by the proto, errors of a database by its driver
"""What goes along with a call, what comes back, and what happens when the server is slow or stopping."""

import threading
import time

import grpc
import psycopg
import pytest
from chassis import rpc, telemetry
from chassis.errors import Conflict, FieldError, InvalidFields, NotFound, Refused
from chassis.testing.calls import serve, token, verifier
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from malang.singo.v1 import charter_pb2_grpc
from malang.singo.v1.charter_pb2 import GetKindRequest, Kind, ListKindsRequest
from malang.twuin.v1 import payments_pb2, payments_pb2_grpc
from servicers import CHARTER, PAYMENTS, calling, charter, failure, payments

# --- what goes along


def test_request_id_trace_and_key_travel_with_the_call():
    seen = {}

    def look(_request):
        seen.update(id=telemetry.request_id(), trace=telemetry.traceparent(), key=rpc.current_idempotency_key())

    with calling(look) as stub, telemetry.call("req-1", "00-" + "a" * 32 + "-" + "b" * 16 + "-01"):
        outer = telemetry.traceparent()
        with rpc.idempotency_key("key-1"):
            stub.GetKind(GetKindRequest())
        assert seen["id"] == "req-1"
        assert seen["key"] == "key-1"
        assert seen["trace"][:36] == outer[:36]
        assert seen["trace"][36:52] != outer[36:52]
        stub.GetKind(GetKindRequest())
        assert seen["key"] is None


def test_a_call_without_context_gets_one():
    seen = []
    with calling(lambda _: seen.append((telemetry.request_id(), telemetry.traceparent()))) as stub:
        stub.GetKind(GetKindRequest())
        stub.GetKind(GetKindRequest())
    assert len({request for request, _ in seen}) == 2
    assert all(len(request) == 32 and trace.startswith("00-") for request, trace in seen)


def test_the_remaining_time_goes_down_with_the_call():
    left = []
    with calling(lambda _: left.append(telemetry.remaining()), timeout=4.0) as stub:
        stub.GetKind(GetKindRequest())
        with rpc.deadline(1.5):
            stub.GetKind(GetKindRequest())
            with rpc.deadline(60):
                stub.GetKind(GetKindRequest())
        stub.GetKind(GetKindRequest(), timeout=2.5)
    # On the wire a time-out has few digits and is rounded up.
    assert 3.5 < left[0] <= 4.05
    assert 1.0 < left[1] <= 1.55
    assert 1.0 < left[2] <= 1.55
    assert 2.0 < left[3] <= 2.55


def test_a_chain_of_services_shares_one_budget():
    left = []
    with calling(lambda _: left.append(telemetry.remaining())) as inner:

        def relay(_request):
            time.sleep(0.3)
            inner.GetKind(GetKindRequest())

        with calling(relay) as outer, rpc.deadline(1.0):
            outer.GetKind(GetKindRequest())
    assert 0.3 < left[0] <= 0.75  # the header rounds up


def test_a_budget_that_is_spent_makes_no_call():
    seen = []
    with calling(seen.append) as stub, rpc.deadline(0.01):
        time.sleep(0.02)
        assert failure(stub.GetKind, GetKindRequest()).kind == "deadline"
    assert seen == []


def test_a_slow_server_is_left_at_the_deadline():
    with calling(lambda _: time.sleep(2)) as stub:
        started = time.monotonic()
        wrong = failure(stub.GetKind, GetKindRequest(), timeout=0.2)
        assert time.monotonic() - started < 1
    assert wrong.kind == "deadline"
    assert "terlalu lama" in wrong.sentence("id")


# --- what comes back


class ZoneClosed(Refused):
    id = "Zona {zone} ditutup."
    en = "Zone {zone} is closed."


class NoSuchKind(NotFound):
    id = "Jenis {code} tidak ada."
    en = "There is no kind {code}."


class TakenAlready(Conflict):
    id = "Sudah diambil."
    en = "Taken already."


FIELDS = (
    FieldError("applicant.nik", "nik_length", "NIK harus 16 angka.", "A NIK has 16 digits."),
    FieldError("items[2].count", "minimum", "Paling sedikit 1.", "At least 1."),
)


def raising(wrong):
    def do(_request):
        raise wrong

    return do


@pytest.mark.parametrize(
    ("wrong", "kind", "code", "indonesian", "english"),
    [
        (ZoneClosed(zone="Z03"), "refused", "zone_closed", "Zona Z03 ditutup.", "Zone Z03 is closed."),
        (NoSuchKind(code="x"), "not_found", "no_such_kind", "Jenis x tidak ada.", "There is no kind x."),
        (TakenAlready(), "conflict", "taken_already", "Sudah diambil.", "Taken already."),
        (InvalidFields(fields=FIELDS), "invalid", "invalid_fields", InvalidFields.id, InvalidFields.en),
    ],
)
def test_a_domain_error_arrives_whole_in_both_languages(wrong, kind, code, indonesian, english):
    with calling(raising(wrong)) as stub:
        caught = failure(stub.GetKind, GetKindRequest())
    assert (caught.kind, caught.code, caught.sentence("id"), caught.sentence("en")) == (kind, code, indonesian, english)
    assert caught.fields == wrong.fields


def test_a_foreign_client_sees_the_standard_status_and_details():
    from google.rpc import error_details_pb2
    from grpc_status import rpc_status

    server = rpc.Server([charter(raising(InvalidFields(fields=FIELDS)))], verifier("test"))
    with grpc.insecure_channel(f"127.0.0.1:{server.start()}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            charter_pb2_grpc.CharterStub(channel).GetKind(GetKindRequest())
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        packed = {part.TypeName().rpartition(".")[2]: part for part in rpc_status.from_call(caught.value).details}
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        assert packed["ErrorInfo"].Unpack(info)
        assert info.reason == "invalid_fields"
        assert packed["BadRequest"].Unpack(bad)
        assert [each.field for each in bad.field_violations] == ["applicant.nik", "items[2].count"]
    server.stop(0)


def test_two_hundred_field_errors_arrive_and_a_thousand_are_cut():
    many = [FieldError(f"rows[{n}].reading", "number", f"Baris {n}: harus angka.", f"Line {n}: a number.") for n in range(1000)]
    with calling(raising(InvalidFields(fields=many))) as stub:
        assert len(failure(stub.GetKind, GetKindRequest()).fields) == 200


def test_a_failure_of_a_further_service_is_passed_on():
    with calling(raising(ZoneClosed(zone="Z03"))) as inner, calling(lambda _: inner.GetKind(GetKindRequest())) as outer:
        caught = failure(outer.GetKind, GetKindRequest())
    assert (caught.kind, caught.code, caught.en) == ("refused", "zone_closed", "Zone Z03 is closed.")


def test_an_unforeseen_error_says_nothing_of_its_cause(capfd):
    with calling(raising(RuntimeError("password=hunter2"))) as stub:
        caught = failure(stub.GetKind, GetKindRequest())
    assert caught.kind == "internal"
    assert "hunter2" not in str(caught)


class QueryCanceled(Exception):
    sqlstate = "57014"


class Deadlock(Exception):
    sqlstate = "40P01"


class Gone(Exception):
    sqlstate = "57P01"


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (QueryCanceled, "deadline"),
        (Deadlock, "conflict"),
        (Gone, "unavailable"),
        (psycopg.OperationalError, "unavailable"),
        (psycopg.errors.ConnectionTimeout, "unavailable"),
    ],
)
def test_a_database_under_load_is_told_apart(cause, kind):
    from sqlalchemy.exc import OperationalError

    with calling(raising(OperationalError("select 1", {}, cause()))) as stub:
        assert failure(stub.ListKinds, ListKindsRequest()).kind == kind


def test_a_method_that_does_not_exist_is_an_internal_failure():
    with serve(charter(lambda _: None)) as upstream:
        assert failure(upstream.stub(payments_pb2_grpc.PaymentsStub).Start, payments_pb2.StartPaymentRequest()).kind == "internal"


def test_ten_megabytes_pass_both_ways():
    with calling(lambda request: Kind(code=request.code)) as stub:
        assert len(stub.GetKind(GetKindRequest(code="x" * 10_000_000)).code) == 10_000_000


# --- busy, away, back


def test_more_calls_than_it_may_hold_are_turned_away():
    free = threading.Event()
    server = rpc.Server([charter(lambda _: free.wait(10) and None)], verifier("test"), threads=2, max_concurrent=2)
    upstream = rpc.Upstream(f"127.0.0.1:{server.start()}", "test", token=token)
    stub = upstream.stub(charter_pb2_grpc.CharterStub)
    held = [threading.Thread(target=stub.GetKind, args=(GetKindRequest(),)) for _ in range(2)]
    try:
        for thread in held:
            thread.start()
        time.sleep(0.3)
        assert failure(stub.GetKind, GetKindRequest()).kind == "exhausted"
    finally:
        free.set()
        for thread in held:
            thread.join()
        upstream.close()
        server.stop(0)


# --- stopping, and what a developer sees


def health_of(channel, name=""):
    return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name)).status


def test_health_flips_while_a_stopping_server_finishes_its_calls():
    entered, free = threading.Event(), threading.Event()

    def do(_request):
        entered.set()
        free.wait(10)

    server = rpc.Server([charter(do)], verifier("test"))
    stop = threading.Event()
    upstream = rpc.Upstream(f"127.0.0.1:{(port := server.start())}", "test", token=token)
    running = threading.Thread(target=server.run, args=(stop,), kwargs={"drain": 0.5, "grace": 5})
    running.start()
    answers = []
    call = threading.Thread(target=lambda: answers.append(upstream.stub(charter_pb2_grpc.CharterStub).GetKind(GetKindRequest())))
    call.start()
    assert entered.wait(5)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert server.ready
        assert health_of(channel) == health_of(channel, CHARTER) == health_pb2.HealthCheckResponse.SERVING
        stop.set()
        time.sleep(0.2)
        assert not server.ready
        assert health_of(channel) == health_of(channel, CHARTER) == health_pb2.HealthCheckResponse.NOT_SERVING
    free.set()
    call.join(5)
    running.join(8)
    assert not running.is_alive()
    assert answers == [Kind()]
    upstream.close()


def test_readiness_shows_in_health():
    server = rpc.Server([charter(lambda _: None)], verifier("test"))
    with grpc.insecure_channel(f"127.0.0.1:{server.start()}") as channel:
        server.ready = False
        assert health_of(channel) == health_pb2.HealthCheckResponse.NOT_SERVING
        server.ready = True
        assert health_of(channel) == health_pb2.HealthCheckResponse.SERVING
    server.stop(0)


def test_reflection_lists_the_services():
    server = rpc.Server([charter(lambda _: None), payments(lambda _: None)], verifier("test"))
    with grpc.insecure_channel(f"127.0.0.1:{server.start()}") as channel:
        ask = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask]))
    server.stop(0)
    assert {CHARTER, PAYMENTS} <= {service.name for service in answer.list_services_response.service}


def test_a_unix_socket_serves_too(tmp_path):
    server = rpc.Server([charter(lambda request: Kind(code=request.code))], verifier("test"), address=f"unix:{tmp_path}/s")
    server.start()
    upstream = rpc.Upstream(f"unix:{tmp_path}/s", "test", token=token)
    assert upstream.stub(charter_pb2_grpc.CharterStub).GetKind(GetKindRequest(code="x")).code == "x"
    upstream.close()
    server.stop(0)
