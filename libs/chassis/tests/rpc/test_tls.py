"""Calls with certificates on both sides: who gets in, and that files which change need no restart."""

import http.server
import socket
import ssl
import threading
import time
from contextlib import contextmanager

import grpc
import pytest
from chassis import rpc
from chassis.settings import Common
from chassis.testing.calls import token, verifier
from chassis.testing.certificates import HERE, Authority
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from malang.singo.v1 import charter_pb2_grpc
from malang.singo.v1.charter_pb2 import GetKindRequest, Kind
from servicers import charter

SERVED = charter(lambda _: None)


@pytest.fixture
def authority():
    return Authority()


@pytest.fixture
def folders(tmp_path):
    """Return the folders of a server's and of a client's files."""
    folders = tmp_path / "server", tmp_path / "client"
    for each in folders:
        each.mkdir()
    return folders


@contextmanager
def serving(files):
    server = rpc.Server([SERVED], verifier("test"), tls=rpc.Identity(*files))
    try:
        yield server.start()
    finally:
        server.stop(0)


@contextmanager
def calling(port, files, host="127.0.0.1"):
    upstream = rpc.Upstream(f"{host}:{port}", "test", token=token, default_timeout=3, tls=rpc.Identity(*files) if files else None)
    stub = upstream.stub(charter_pb2_grpc.CharterStub)
    try:
        yield lambda: stub.GetKind(GetKindRequest())
    finally:
        upstream.close()


def refused(call):
    with pytest.raises(rpc.Failure) as caught:
        call()
    return caught.value.kind in {"unavailable", "deadline"}


def test_both_sides_show_a_certificate(authority, folders):
    with serving(authority.issue(folders[0])) as port, calling(port, authority.issue(folders[1])) as call:
        assert call() == Kind()


def test_who_shows_none_or_a_strange_one_is_refused(authority, folders):
    with serving(authority.issue(folders[0])) as port:
        with calling(port, None) as plain:
            assert refused(plain)
        certificate, key, _ = Authority("another").issue(folders[1])
        (folders[1] / "ca.crt").write_bytes(authority.pem)
        with calling(port, (certificate, key, folders[1] / "ca.crt")) as stranger:
            assert refused(stranger)
        with grpc.secure_channel(f"127.0.0.1:{port}", grpc.ssl_channel_credentials(authority.pem)) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                charter_pb2_grpc.CharterStub(channel).GetKind(GetKindRequest(), timeout=3)
            assert caught.value.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


@pytest.mark.parametrize(("issuer", "names"), [("another", HERE), ("test authority", ("twuin-rpc",))])
def test_a_server_of_another_authority_or_name_is_not_believed(authority, folders, issuer, names):
    files = (authority if issuer == "test authority" else Authority(issuer)).issue(folders[0], names)
    (folders[0] / "ca.crt").write_bytes(authority.pem)
    with serving(files) as port, calling(port, authority.issue(folders[1])) as call:
        assert refused(call)


def presented(port, files):
    """Return the certificate that a server shows to a new connection."""
    context = ssl.create_default_context(cafile=files[2])
    context.load_cert_chain(files[0], files[1])
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        assert wrapped.version() in {"TLSv1.2", "TLSv1.3"}
        return wrapped.getpeercert(binary_form=True)


def test_the_authority_is_changed_without_a_restart_or_a_failed_call(authority, folders):
    following = Authority("the next authority")
    both = authority.pem + following.pem
    with serving(authority.issue(folders[0])) as port, calling(port, authority.issue(folders[1])) as call:
        before = presented(port, [folders[1] / name for name in ("tls.crt", "tls.key", "ca.crt")])
        failed, stop = [], threading.Event()

        def go_on():
            while not stop.is_set():
                try:
                    call()
                except rpc.Failure as wrong:
                    failed.append(wrong)
                time.sleep(0.02)

        caller = threading.Thread(target=go_on)
        caller.start()
        try:
            for step in ("trust both", "show the new", "trust the new"):
                for folder in folders:
                    if step == "show the new":
                        following.issue(folder)
                    (folder / "ca.crt").write_bytes(following.pem if step == "trust the new" else both)
                time.sleep(1.3)  # each side looks once a second
        finally:
            stop.set()
            caller.join()
        assert failed == []
        files = [folders[1] / name for name in ("tls.crt", "tls.key", "ca.crt")]
        assert presented(port, files) != before
        with calling(port, files) as fresh:
            assert fresh() == Kind()
        old = folders[0].parent / "old"
        old.mkdir()
        outdated = authority.issue(old)
        outdated[2].write_bytes(following.pem)
        with calling(port, outdated) as late:
            assert refused(late)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\n", None])
def test_a_change_that_is_not_whole_is_left_alone(authority, folders, content):
    files = authority.issue(folders[0])
    own = rpc.Identity(*files)
    before = own.pem
    if content is None:
        Authority().issue(folders[1])
        files[0].write_bytes((folders[1] / "tls.crt").read_bytes())  # its key is still the old one
    else:
        files[0].write_bytes(content)
    time.sleep(1.1)
    assert not own.renew()
    assert own.pem == before
    authority.issue(folders[0])
    time.sleep(1.1)
    assert own.renew()
    assert own.pem != before


def test_settings_that_name_half_of_it_stop_the_start(authority, folders, capsys):
    files = [str(path) for path in authority.issue(folders[0])]
    names = ("rpc_tls_cert", "rpc_tls_key", "rpc_tls_ca")

    def own(**given):
        return rpc.identity(Common(database_url="x", event_bus_url="x", **given))

    assert own() is None
    assert own(**dict(zip(names, files, strict=True))) is not None
    for wrong in ({"rpc_tls_cert": files[0]}, dict(zip(names, ["/nowhere", *files[1:]], strict=True))):
        with pytest.raises(SystemExit):
            own(**wrong)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "settings: RPC_TLS_CERT, RPC_TLS_KEY and RPC_TLS_CA go together"
    assert said[1].startswith("settings: RPC_TLS_CERT, RPC_TLS_KEY or RPC_TLS_CA is wrong: ")


def test_keys_come_over_https_from_whom_the_authorities_vouch_for(authority, folders):
    key = Ed25519PrivateKey.generate()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            import json

            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(rpc.jwks({"k1": key.public_key()})).encode())

        def log_message(self, *_args):
            pass

    certificate, private, ca = authority.issue(folders[0])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://127.0.0.1:{server.server_address[1]}/.well-known/jwks.json"
    try:
        assert rpc.KeySet(url, ca=str(ca))("k1").public_bytes_raw() == key.public_key().public_bytes_raw()
        with pytest.raises(rpc.Failure) as caught:
            rpc.KeySet(url)("k1")
        assert caught.value.kind == "unavailable"
    finally:
        server.shutdown()
        server.server_close()
