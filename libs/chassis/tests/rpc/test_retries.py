"""What happens when a server is busy, away, slow to connect or back: what is tried again, how long, and what never."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import grpc
from chassis import rpc
from chassis.testing.calls import serve, token, verifier
from malang.singo.v1 import charter_pb2_grpc
from malang.singo.v1.charter_pb2 import GetKindRequest, Kind
from malang.twuin.v1 import payments_pb2, payments_pb2_grpc
from servicers import CHARTER, calling, charter, failure, payments


def failing_twice(seen):
    def do(request):
        seen.append(rpc.current_idempotency_key())
        if len(seen) < 3:
            raise rpc.Failure("unavailable", "gone", "", "")

    return do


def test_a_read_is_tried_again():
    seen = []
    with calling(failing_twice(seen)) as stub:
        stub.GetKind(GetKindRequest())
    assert len(seen) == 3


def test_an_effect_is_not_tried_again():
    seen = []
    with serve(payments(failing_twice(seen))) as upstream:
        stub = upstream.stub(payments_pb2_grpc.PaymentsStub)
        assert failure(stub.Start, payments_pb2.StartPaymentRequest()).kind == "unavailable"
    assert len(seen) == 1


def test_an_effect_with_a_key_is_tried_again_with_the_same_key():
    seen = []
    with serve(payments(failing_twice(seen))) as upstream, rpc.idempotency_key("key-1"):
        upstream.stub(payments_pb2_grpc.PaymentsStub).Start(payments_pb2.StartPaymentRequest())
    assert seen == ["key-1"] * 3


def test_an_effect_said_to_be_idempotent_is_tried_again():
    seen = []
    server = rpc.Server([payments(failing_twice(seen))], verifier("test"))
    upstream = rpc.Upstream(f"127.0.0.1:{server.start()}", "test", token=token, idempotent=["Start"])
    upstream.stub(payments_pb2_grpc.PaymentsStub).Start(payments_pb2.StartPaymentRequest())
    upstream.close()
    server.stop(0)
    assert len(seen) == 3


def test_only_what_is_unavailable_is_tried_again():
    seen = []

    def do(_request):
        seen.append(1)
        raise rpc.Failure("conflict", "taken", "", "")

    with calling(do) as stub:
        assert failure(stub.GetKind, GetKindRequest()).kind == "conflict"
    assert len(seen) == 1


def test_a_call_that_a_stopping_server_never_took_is_tried_again():
    seen = []

    def get_kind(_request, context):
        seen.append(1)
        if len(seen) < 3:
            context.abort(grpc.StatusCode.CANCELLED, "")
        return Kind()

    handler = grpc.unary_unary_rpc_method_handler(get_kind, GetKindRequest.FromString, Kind.SerializeToString)
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(CHARTER, {"GetKind": handler}),))
    upstream = rpc.Upstream(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}", "test", token=token)
    server.start()
    upstream.stub(charter_pb2_grpc.CharterStub).GetKind(GetKindRequest())
    upstream.close()
    server.stop(0)
    assert len(seen) == 3


def slow_to_answer(port, seconds):
    """Pass one connection on to a port; its answers come so much later, as on a machine that is short of processors."""
    listening = socket.create_server(("127.0.0.1", 0))

    def passed(source, target, pause):
        time.sleep(pause)
        with suppress(OSError):  # whoever asked has hung up
            while data := source.recv(65536):
                target.sendall(data)

    def run():
        near, _ = listening.accept()
        far = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=passed, args=(near, far, 0), daemon=True).start()
        passed(far, near, seconds)

    threading.Thread(target=run, daemon=True).start()
    return listening.getsockname()[1]


def test_a_connection_may_take_its_time_to_be_made():
    server = rpc.Server([charter(lambda _: None)], verifier("test"))
    port = slow_to_answer(server.start(), 1.5)
    upstream = rpc.Upstream(f"127.0.0.1:{port}", "test", token=token)
    upstream.stub(charter_pb2_grpc.CharterStub).GetKind(GetKindRequest())
    upstream.close()
    server.stop(0)


def test_retries_end_while_a_server_stays_down():
    seen = []

    def do(_request):
        seen.append(1)
        raise rpc.Failure("unavailable", "gone", "", "")

    with calling(do) as stub:
        for _ in range(30):
            failure(stub.GetKind, GetKindRequest())
    assert len(seen) < 30 + 20


def test_an_absent_server_fails_fast_in_one_sentence():
    upstream = rpc.Upstream("127.0.0.1:1", "test", token=token)
    stub = upstream.stub(charter_pb2_grpc.CharterStub)
    started = time.monotonic()
    wrong = failure(stub.GetKind, GetKindRequest())
    assert time.monotonic() - started < 2
    assert wrong.kind == "unavailable"
    assert "tidak dapat dihubungi" in wrong.sentence("id")
    upstream.close()


def test_a_restarted_server_is_found_again_within_a_second():
    # a busy machine may take longer once; a channel as it is by default takes longer each time
    assert any(outage() < 1 for _ in range(3))


def outage():
    """Take a server away for three seconds; return how long it was back before it was found again."""
    server = rpc.Server([charter(lambda _: None), payments(lambda _: None)], verifier("test"))
    port = server.start()
    upstream = rpc.Upstream(f"127.0.0.1:{port}", "test", token=token, default_timeout=1.0)
    stub = upstream.stub(payments_pb2_grpc.PaymentsStub)  # not retried: the connection itself must be back
    stub.Start(payments_pb2.StartPaymentRequest())
    server.stop(0)
    down = time.monotonic()
    while time.monotonic() - down < 3:
        assert failure(stub.Start, payments_pb2.StartPaymentRequest()).kind == "unavailable"
        time.sleep(0.05)
    again = rpc.Server([charter(lambda _: None), payments(lambda _: None)], verifier("test"), address=f"127.0.0.1:{port}")
    again.start()
    back = time.monotonic()
    while True:
        try:
            stub.Start(payments_pb2.StartPaymentRequest())
            break
        except rpc.Failure:
            assert time.monotonic() - back < 10
            time.sleep(0.01)
    took = time.monotonic() - back
    upstream.close()
    again.stop(0)
    return took
