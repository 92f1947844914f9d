import base64
import datetime as dt
import json
import os
import urllib.error
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from chassis import clock
from chassis.files import FileStore
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from singo import letters
from singo.letters import RemoteSigner, Trust
from singo.letters.checking import SignatureState, check

TOKEN = "rahasia-uji"


def _certificate(subject, key, issuer, issuer_key, *, authority):
    name, by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (subject, issuer))
    rest = ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")
    use = x509.KeyUsage(
        digital_signature=not authority, content_commitment=not authority, key_cert_sign=authority, crl_sign=authority,
        **dict.fromkeys(rest, False),
    )  # fmt: skip
    now = clock.now().replace(microsecond=0)
    return (
        x509.CertificateBuilder().subject_name(name).issuer_name(by).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(use, critical=True)
        .sign(issuer_key, SHA256())
    )  # fmt: skip


@pytest.fixture
def service():
    """A signing service on loopback, the outside party, with a certificate under a root of its own."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Induk Uji", root_key, "Induk Uji", root_key, authority=True)
    own = _certificate("Lurah Sawojajar (uji)", key, "Induk Uji", root_key, authority=False)

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            good = self.headers["Authorization"] == f"Bearer {TOKEN}" and asked["algorithm"] == "sha256"
            self.send_response(200 if good else 403)
            self.end_headers()
            if good:
                signature = key.sign(base64.b64decode(asked["digest"]), ec.ECDSA(Prehashed(SHA256())))
                self.wfile.write(json.dumps({"signature": base64.b64encode(signature).decode()}).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    chain = own.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM)
    yield f"http://127.0.0.1:{server.server_port}/sign", chain
    server.shutdown()
    server.server_close()


def test_a_service_that_keeps_the_key_signs_a_certified_letter(registry, service, signing_dir, tmp_path):
    (url, chain), press = service, registry.press
    certified, trust = letters.open_press(
        public_url="https://layanan.contoh.id", signing_dir=signing_dir, timestamp_url="", vault=registry.vault,
        files=FileStore(str(tmp_path / "files")), address_key=os.urandom(32), remote=RemoteSigner(url, TOKEN, chain),
    )  # fmt: skip
    produced = letters.produce(certified, registry.reserve())
    assert (produced.signer, produced.certified) == ("Lurah Sawojajar (uji)", True)
    found = check(certified.read(produced.path), trust)
    assert (found.state, found.signer) == (SignatureState.VALID, "Lurah Sawojajar (uji)")
    assert check(certified.read(produced.path), Trust(local=trust.local)).state is SignatureState.INVALID
    before = letters.produce(press, registry.reserve())
    assert check(press.read(before.path), trust).state is SignatureState.VALID_UNCERTIFIED


def test_a_service_that_refuses_gives_no_letter(registry, service, press):
    url, chain = service
    pdf = press.typesetter.typeset(registry.reserve().page, certified=True)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        RemoteSigner(url, "lain", chain).sign(pdf, signatory="Lurah", place="Malang")


def test_the_token_is_not_shown(service):
    assert TOKEN not in repr(RemoteSigner(service[0], TOKEN, service[1]))


@pytest.mark.parametrize(("url", "chain"), [("ftp://x", None), ("http://x", b"no certificate")])
def test_what_can_never_sign_is_refused_at_the_start(service, url, chain):
    with pytest.raises(ValueError):
        RemoteSigner(url, TOKEN, chain or service[1])
