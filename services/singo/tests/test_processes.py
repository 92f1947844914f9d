"""The processes as they run: started from the command line, called over gRPC, stopped by a signal."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from chassis import clock, outbox, rpc, testing
from chassis.db import Database
from chassis.settings import load
from malang.gateway.v1.identity_events_pb2 import StaffEnded
from malang.singo.v1 import applications_pb2, charter_pb2
from malang.singo.v1.applications_pb2_grpc import ApplicationsStub
from malang.singo.v1.charter_pb2_grpc import CharterStub
from singo import app
from singo.applications.tables import Application
from singo.parts import Parts
from singo.settings import PREFIX, Settings

MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def jwks() -> Iterator[str]:
    """Publish the key of the tests' tokens, as the gateway publishes its own."""
    public = testing.minter().key.public_key()
    body = json.dumps(rpc.jwks({testing.minter().kid: public})).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/jwks.json"
    server.shutdown()


@pytest.fixture
def environment(database_url, tmp_path, jwks) -> dict[str, str]:
    def key():
        return base64.b64encode(os.urandom(32)).decode()

    return {
        "DATABASE_URL": database_url(MIGRATIONS), "EVENT_BUS_URL": database_url(), "SINGO_JWKS_URL": jwks,
        "SINGO_FILES_URL": str(tmp_path / "files"), "SINGO_SIGNING_DIR": str(tmp_path / "signing"),
        "SINGO_VAULT_KEYS": f"k1:{key()}", "SINGO_INDEX_KEY": key(), "SINGO_ADDRESS_KEY": key(),
    }  # fmt: skip


def run(process, environment):
    path = {"PYTHONPATH": os.pathsep.join(each for each in sys.path if each), "PATH": os.environ["PATH"]}
    return subprocess.Popen([sys.executable, "-m", "singo", process], env=path | environment, stderr=subprocess.PIPE, text=True)


def started(process) -> dict[str, object]:
    for line in process.stderr:
        said = json.loads(line)
        if said["event"] == "started":
            return said
    raise AssertionError(f"it ended with {process.wait()}")


def until_ready(port) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.fixture
def parts(environment) -> Iterator[Parts]:
    settings = load(Settings, PREFIX, environment)
    db = Database(settings.database_url, application_name="test")
    yield Parts(settings, db)
    db.close()


def test_every_method_of_every_service_has_a_rule(parts):
    served = app.SERVICE.served(parts)
    assert {each.full_name.rpartition(".")[2] for each in served} == {
        "Charter",
        "Letters",
        "Applications",
        "Complaints",
        "Platform",
    }
    assert rpc.unruled(served) == []


def test_the_rpc_process_serves_everyone_as_the_gateway_vouches_for_them(environment):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = run("rpc", environment | {"SINGO_RPC_ADDRESS": address})
    try:
        health = started(process)["health_port"]
        until_ready(health)
        upstream = rpc.Upstream(address, "singo", token=testing.token, default_timeout=10)
        assert len(upstream.stub(CharterStub).ListKinds(charter_pb2.ListKindsRequest(), timeout=10).kinds) == 5
        with testing.as_citizen("citizen-a"):
            draft = upstream.stub(ApplicationsStub).SaveDraft(applications_pb2.SaveDraftRequest(kind="domisili", fields="{}"))
            assert draft.reference.startswith("SGO-")
        with pytest.raises(rpc.Failure) as refused:
            upstream.stub(ApplicationsStub).Get(applications_pb2.GetRequest(application_id=draft.application_id))
        assert refused.value.kind == "unauthenticated"
        upstream.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_fact_goes_out_by_the_relay_and_comes_in_by_the_consumer(environment, parts):
    with parts.db.transaction() as session:
        session.execute(
            sa.insert(Application).values(
                id=uuid.uuid4(), reference="SGO-2222-2222", citizen_id="c", kind="domisili", kelurahan="35.73.03.1008", state="submitted",
                claimed_by="leaver", fields=b"", applicant=b"", created_at=clock.now(), updated_at=clock.now(),
            )
        )  # fmt: skip
        outbox.append(session, StaffEnded(staff_id="leaver"), key="leaver", sequence=1)
    running = [run("relay", environment), run("consume", environment)]
    try:
        until = time.monotonic() + 30
        while claimed(parts) and time.monotonic() < until:
            time.sleep(0.1)
        assert claimed(parts) == ""
    finally:
        for each in running:
            each.send_signal(signal.SIGTERM)
        assert [each.wait(30) for each in running] == [0, 0]


def claimed(parts) -> str:
    with parts.db.transaction(readonly=True) as session:
        return session.scalars(sa.select(Application.claimed_by)).one()


@pytest.mark.parametrize("process", ["consume", "relay", "jobs"])
def test_the_other_processes_start_and_stop_when_told(process, environment):
    running = run(process, environment)
    try:
        started(running)
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"SINGO_KINDS_DIR": "/nowhere"}, "settings: SINGO_KINDS_DIR is wrong: /nowhere: is not a folder"),
        ({"SINGO_VAULT_KEYS": "k1:AAAA"}, "settings: SINGO_VAULT_KEYS or SINGO_INDEX_KEY is wrong: key 'k1' must have 32 bytes"),
        ({"SINGO_ADDRESS_KEY": "?"}, "settings: SINGO_ADDRESS_KEY is wrong: not base64"),
        ({"SINGO_COLOUR": "red"}, "settings: SINGO_COLOUR is not a setting"),
    ],
)
def test_what_is_set_wrong_is_one_sentence_and_exit_2(changed, sentence, environment):
    process = run("rpc", environment | changed)
    _out, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert sentence in said
    assert "Traceback" not in said
