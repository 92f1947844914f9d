"""A service that answers after five seconds keeps its own pages waiting, and nobody else's."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from chassis import rpc
from chassis.testing import verifier
from gateway.upstreams import Upstreams
from gateway.wsgi import create_app
from malang.singo.v1 import charter_pb2, charter_pb2_grpc
from malang.twuin.v1 import tariffs_pb2, tariffs_pb2_grpc

SLOW = 5.0
PEOPLE = 48  # who ask the slow service, three times as many as a worker has threads


@pytest.fixture
def slow():
    woken = threading.Event()

    class Charter(charter_pb2_grpc.CharterServicer):
        @rpc.access(rpc.ANYONE)
        def ListKinds(self, request, context):  # noqa: N802 - a generated name
            woken.wait(SLOW)
            return charter_pb2.ListKindsResponse()

    served = rpc.Served(charter_pb2_grpc.add_CharterServicer_to_server, Charter(), "malang.singo.v1.Charter")
    server = rpc.Server([served], verifier("singo"), threads=64)
    yield f"127.0.0.1:{server.start()}"
    woken.set()
    server.stop(0)


@pytest.fixture
def quick():
    class Tariffs(tariffs_pb2_grpc.TariffsServicer):
        @rpc.access(rpc.ANYONE)
        def List(self, request, context):  # noqa: N802 - a generated name
            return tariffs_pb2.ListTariffsResponse()

    served = rpc.Served(tariffs_pb2_grpc.add_TariffsServicer_to_server, Tariffs(), "malang.twuin.v1.Tariffs")
    server = rpc.Server([served], verifier("twuin"))
    yield f"127.0.0.1:{server.start()}"
    server.stop(0)


def test_other_pages_answer_while_one_service_is_slow(settings, means, slow, quick):
    chosen = msgspec.structs.replace(settings, singo_target=slow, twuin_target=quick, upstream_timeout=4.0)
    upstreams = Upstreams(chosen, means.keyring.minter)
    app = create_app(chosen, means=means, upstreams=upstreams)

    def ask(path):
        began = time.monotonic()
        answer = app.test_client().get(path)
        return answer.status_code, answer.headers.get("Retry-After"), time.monotonic() - began

    ask("/api/v1/tariffs")  # connected
    with ThreadPoolExecutor(chosen.threads) as worker:  # the threads of one worker process
        stuck = [worker.submit(ask, "/api/v1/charter/kinds") for _ in range(PEOPLE)]
        time.sleep(0.5)
        asked = time.monotonic()
        others = [worker.submit(ask, "/api/v1/tariffs") for _ in range(20)]
        statuses = {other.result()[0] for other in others}
        took = time.monotonic() - asked
        refused = [each.result() for each in stuck]
    upstreams.close()
    assert statuses == {200}
    assert took < 3, f"people at the other service waited {took:.1f} s"
    assert {status for status, _, _ in refused} <= {503, 504}
    assert all(after for status, after, _ in refused if status == 503)
    assert sum(status == 503 for status, _, _ in refused) >= PEOPLE - 2 * chosen.upstream_calls
