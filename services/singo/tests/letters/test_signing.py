import datetime as dt
import stat
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from chassis import clock
from chassis.files import FileStore
from singo import letters
from singo.letters.checking import SignatureState, Trust, check
from singo.letters.signing import LOCAL_NAME, KeySigner, local_identity
from singo.letters.timestamping import authority


@pytest.fixture
def letter(registry) -> bytes:
    return registry.press.read(registry.issued().path)


def test_processes_that_start_together_agree_on_one_key(tmp_path):
    folder = tmp_path / "signing"
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: local_identity(folder).certificate.dump(), range(6)))
    assert len(set(made)) == 1
    assert [file.name for file in folder.iterdir()] == ["local.pem"]
    assert stat.S_IMODE((folder / "local.pem").stat().st_mode) == 0o600


def test_a_process_starts_while_another_still_writes_the_key(signing_dir, tmp_path, vault):
    folder = tmp_path / "signing"
    identity = local_identity(folder)
    (folder / f".{uuid.uuid4().hex}.pem").write_bytes((signing_dir / "local.pem").read_bytes()[:-40])
    _press, trust = letters.open_press(
        public_url="https://layanan.contoh.id",
        signing_dir=folder,
        timestamp_url="",
        vault=vault,
        files=FileStore(str(tmp_path / "files")),
        address_key=bytes(32),
    )
    assert [each.dump() for each in trust.local] == [identity.certificate.dump()]


def test_the_local_certificate_says_that_it_is_not_certified(signing_dir, letter, trust):
    found = check(letter, trust)
    assert found.state is SignatureState.VALID_UNCERTIFIED
    assert found.signer == LOCAL_NAME
    assert "tidak tersertifikasi" in found.signer


def test_a_signature_is_called_certified_only_under_a_certified_root(letter, trust):
    assert check(letter, Trust(certified=trust.local)).state is SignatureState.VALID


def test_a_stranger_s_signature_is_worth_nothing_here(registry, press, trust, tmp_path):
    stranger = KeySigner(local_identity(tmp_path / "stranger"))
    pdf = press.typesetter.typeset(registry.reserve().page, certified=False)
    forged = stranger.sign(pdf, signatory="Lurah", place="Malang")
    assert check(forged, Trust(local=[stranger.identity.certificate])).state is SignatureState.VALID_UNCERTIFIED
    assert check(forged, trust).state is SignatureState.INVALID


def test_any_byte_that_changes_breaks_the_signature(letter, trust):
    for at in range(20, len(letter), len(letter) // 12):
        altered = bytearray(letter)
        altered[at] ^= 0x01
        assert check(bytes(altered), trust).state is SignatureState.INVALID, at


def test_a_revision_appended_after_the_signature_is_found(letter, trust):
    from io import BytesIO

    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(letter))
    writer.root["/Lang"] = generic.pdf_string("en")
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    assert out.getvalue().startswith(letter)
    assert check(out.getvalue(), trust).state is SignatureState.INVALID
    assert check(letter + b"\n", trust).state is SignatureState.INVALID


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"x",
        b"%PDF-1.7\n",
        b"%PDF-1.7\n/ByteRange [0 1 2 3]\n%%EOF",
        b"%PDF-" + b"[" * 200_000 + b"/ByteRange",
        bytes(range(256)) * 500,
    ],
)
def test_garbage_is_invalid_and_no_error(garbage, trust):
    assert check(garbage, trust).state is SignatureState.INVALID


def test_half_a_letter_is_invalid(letter, trust):
    for part in (2, 3, 5):
        assert check(letter[: len(letter) * (part - 1) // part], trust).state is SignatureState.INVALID


def test_a_letter_of_today_is_still_good_when_the_certificate_has_ended(letter, trust):
    signed_at = clock.now()
    with clock.frozen(signed_at + dt.timedelta(days=5000)):
        assert check(letter, trust, at=signed_at).state is SignatureState.VALID_UNCERTIFIED
        assert check(letter, trust).state is SignatureState.INVALID


@pytest.fixture
def tsa(tmp_path):
    """A timestamp authority on loopback: the outside party, played by pyhanko's own."""
    from asn1crypto import tsp
    from pyhanko.sign.timestamps import DummyTimeStamper
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    identity = _tsa_identity()
    stamper = DummyTimeStamper(identity.certificate, identity.key, certs_to_embed=SimpleCertificateStore())

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            query = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            body = stamper.request_tsa_response(query).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", identity.certificate
    server.shutdown()
    server.server_close()


def _tsa_identity():
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = rsa.generate_private_key(65537, 2048)  # the dummy authority knows no other
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TSA uji")])
    now = clock.now().replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=10))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, SHA256())
    )  # fmt: skip
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    return letters.read_identity(pem)


def test_a_timestamp_authority_confirms_the_time(registry, press, signing_dir, trust, tsa):
    url, certificate = tsa
    signer = KeySigner(local_identity(signing_dir), authority(url))
    pdf = press.typesetter.typeset(registry.reserve().page, certified=False)
    signed = signer.sign(pdf, signatory="Lurah", place="Malang")
    known = Trust(local=trust.local, timestamps=[certificate])
    found = check(signed, known)
    assert (found.state, found.timestamped) == (SignatureState.VALID_UNCERTIFIED, True)
    elsewhere = Trust(local=trust.local, timestamps=trust.local)
    assert not check(signed, elsewhere).timestamped


def test_without_an_authority_no_time_is_confirmed(letter, trust):
    assert not check(letter, trust).timestamped


def test_an_authority_that_is_gone_stops_the_signature(registry, press, signing_dir):
    signer = KeySigner(local_identity(signing_dir), authority("http://127.0.0.1:9/", timeout=1))
    pdf = press.typesetter.typeset(registry.reserve().page, certified=False)
    with pytest.raises(OSError, match="refused"):
        signer.sign(pdf, signatory="Lurah", place="Malang")


def test_the_address_of_an_authority_is_checked():
    with pytest.raises(ValueError, match="http"):
        authority("file:///etc/passwd")
