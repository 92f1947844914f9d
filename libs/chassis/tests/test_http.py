import os
import signal
import threading
import urllib.error
import urllib.request

import pytest
from chassis.http import serve_health, stop_on_signals
from prometheus_client import Counter

SEEN = Counter("test_health_seen_total", "What the test counts")


def fetch(server, path, method="GET"):
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as wrong:
        return wrong.code, wrong.read().decode()


@pytest.fixture
def state():
    return {"ready": True}


@pytest.fixture
def server(state):
    server = serve_health("127.0.0.1", 0, ready=lambda: state["ready"])
    yield server
    server.close()


def test_is_alive_while_not_ready(server, state):
    state["ready"] = False
    assert fetch(server, "/livez") == (200, "ok\n")
    assert fetch(server, "/readyz") == (503, "not ok\n")
    state["ready"] = True
    assert fetch(server, "/readyz") == (200, "ok\n")


def test_a_probe_that_breaks_is_not_ready():
    server = serve_health("127.0.0.1", 0, ready=lambda: 1 / 0, alive=lambda: False)
    assert fetch(server, "/readyz") == (503, "not ok\n")
    assert fetch(server, "/livez") == (503, "not ok\n")
    server.close()


def test_shows_metrics(server):
    SEEN.inc(3)
    status, text = fetch(server, "/metrics")
    assert status == 200
    assert "test_health_seen_total 3.0" in text


def test_knows_nothing_else(server):
    assert fetch(server, "/")[0] == 404
    assert fetch(server, "/livez/../etc/passwd")[0] == 404
    assert fetch(server, "/livez", "POST")[0] == 501


def test_answers_head_without_a_body(server):
    assert fetch(server, "/livez", "HEAD") == (200, "")


def test_a_silent_client_holds_up_nobody(server):
    import socket

    with socket.create_connection(("127.0.0.1", server.port)):
        assert fetch(server, "/livez")[0] == 200


def test_closing_frees_the_port(state):
    first = serve_health("127.0.0.1", 0, ready=lambda: True)
    first.close()
    second = serve_health("127.0.0.1", first.port, ready=lambda: True)
    assert fetch(second, "/livez")[0] == 200
    second.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_sets_the_event_and_nothing_else(number):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        stop = stop_on_signals()
        assert isinstance(stop, threading.Event)
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(2)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
