import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chassis import rpc
from chassis.principal import Minter, Principal, Unauthenticated, Verifier
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OLD, NEW = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


class Publisher:
    """A server of a key set that can be changed, slowed, broken and counted."""

    def __init__(self):
        self.body, self.status, self.delay, self.asked = b"", 200, 0.0, 0
        self.publish(k1=OLD)
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                publisher.asked += 1
                time.sleep(publisher.delay)
                self.send_response(publisher.status)
                self.end_headers()
                self.wfile.write(publisher.body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/.well-known/jwks.json"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def publish(self, **keys):
        self.body = json.dumps(rpc.jwks({kid: key.public_key() for kid, key in keys.items()})).encode()


@pytest.fixture
def publisher():
    publisher = Publisher()
    yield publisher
    publisher.server.shutdown()
    publisher.server.server_close()


def raw(key):
    return key.public_bytes_raw()


def test_a_key_set_has_the_standard_form():
    (key,) = rpc.jwks({"k1": OLD.public_key()})["keys"]
    assert {name: key[name] for name in ("kty", "crv", "use", "alg", "kid")} == {
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "alg": "EdDSA",
        "kid": "k1",
    }
    assert "=" not in key["x"]
    assert "d" not in key


def test_fetches_once_when_first_needed(publisher):
    keys = rpc.KeySet(publisher.url)
    assert publisher.asked == 0
    assert raw(keys("k1")) == raw(keys("k1")) == raw(OLD.public_key())
    assert publisher.asked == 1


def test_a_new_key_is_found_when_it_is_first_used(publisher):
    keys = rpc.KeySet(publisher.url, pause=0.1)
    keys("k1")
    publisher.publish(k1=OLD, k2=NEW)
    time.sleep(0.15)
    assert raw(keys("k2")) == raw(NEW.public_key())


def test_an_unknown_key_asks_at_most_once_in_a_pause(publisher):
    keys = rpc.KeySet(publisher.url, pause=30)
    keys("k1")
    assert [keys(f"forged-{n}") for n in range(50)] == [None] * 50
    assert publisher.asked == 1


def test_known_keys_stay_while_the_publisher_is_away(publisher):
    keys = rpc.KeySet(publisher.url, refresh=0.05, pause=0.05)
    keys("k1")
    for status, body in (
        (500, b""),
        (200, b"not json"),
        (200, b'{"keys": [{"kid": "k1", "kty": "OKP", "crv": "Ed25519", "x": "AA"}]}'),
    ):
        publisher.status, publisher.body = status, body
        time.sleep(0.1)
        assert keys("k9") is None
        assert raw(keys("k1")) == raw(OLD.public_key())
    publisher.server.shutdown()
    publisher.server.server_close()
    time.sleep(0.1)
    assert raw(keys("k1")) == raw(OLD.public_key())


def test_a_withdrawn_key_stops_being_good(publisher):
    keys = rpc.KeySet(publisher.url, refresh=0.05, pause=0.05)
    keys("k1")
    publisher.publish(k2=NEW)
    ends = time.monotonic() + 5
    while keys("k1") is not None:
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_nobody_waits_for_a_refresh(publisher):
    keys = rpc.KeySet(publisher.url, refresh=0.05, pause=0.05)
    keys("k1")
    publisher.delay = 2
    time.sleep(0.1)
    started = time.monotonic()
    assert keys("k1") is not None
    assert time.monotonic() - started < 1


def test_before_the_first_fetch_nobody_can_tell(publisher):
    publisher.status = 503
    keys = rpc.KeySet(publisher.url)
    with pytest.raises(rpc.Failure) as caught:
        keys("k1")
    assert caught.value.kind == "unavailable"
    publisher.status = 200
    time.sleep(0.55)  # both sides are starting: no five seconds' pause yet
    assert keys("k1") is not None


def test_a_slow_publisher_costs_a_second_at_most(publisher):
    publisher.delay = 3
    keys = rpc.KeySet(publisher.url, timeout=0.3)
    started = time.monotonic()
    with pytest.raises(rpc.Failure):
        keys("k1")
    assert time.monotonic() - started < 1


def test_a_flood_of_first_callers_fetches_once(publisher):
    publisher.delay = 0.2
    keys, found = rpc.KeySet(publisher.url), []
    threads = [threading.Thread(target=lambda: found.append(keys("k1"))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 10
    assert None not in found
    assert publisher.asked == 1


def test_other_kinds_of_keys_are_passed_over(publisher):
    publisher.body = json.dumps(
        {"keys": [{"kid": "r1", "kty": "RSA", "n": "x", "e": "AQAB"}, *rpc.jwks({"k1": OLD.public_key()})["keys"]]}
    ).encode()
    keys = rpc.KeySet(publisher.url)
    assert keys("r1") is None
    assert keys("k1") is not None


def test_rotation_breaks_no_caller(publisher):
    verifier = Verifier(rpc.KeySet(publisher.url, pause=0.05), audience="singo", issuers=frozenset({"gateway"}))
    who = Principal("warga-1", "citizen")
    assert verifier.verify(Minter("gateway", "k1", OLD).mint(who, "singo")) == who
    publisher.publish(k1=OLD, k2=NEW)
    time.sleep(0.1)
    for kid, key in (("k2", NEW), ("k1", OLD)):
        assert verifier.verify(Minter("gateway", kid, key).mint(who, "singo")) == who
    with pytest.raises(Unauthenticated):
        verifier.verify(Minter("gateway", "k1", NEW).mint(who, "singo"))


def test_reads_only_over_http():
    with pytest.raises(ValueError, match="http"):
        rpc.KeySet("file:///etc/passwd")
