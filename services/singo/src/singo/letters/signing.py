"""Signs letters as PAdES. Who signs and who tells the time are adapters: a certified service can stand where the local key stands."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chassis import clock

if TYPE_CHECKING:
    from asn1crypto import x509

KEY_FILE = "local.pem"
FIELD = "TandaTangan"
LOCAL_NAME = "Singo, sertifikat lokal (tidak tersertifikasi)"
LIFE = dt.timedelta(days=3652)
# Hexadecimal digits kept free for the signature. Known beforehand, since the library would else sign twice to find out.
ROOM, ROOM_WITH_TIMESTAMP = 16 * 1024, 32 * 1024


class Signer(Protocol):
    """Signs a PDF; `certified` says whether a certification authority stands behind `name`."""

    @property
    def name(self) -> str:
        """The subject of the signing certificate."""

    @property
    def certified(self) -> bool:
        """Whether the signature may be called certified."""

    @property
    def timestamped(self) -> bool:
        """Whether a timestamp authority confirms the time."""

    def sign(self, pdf: bytes, *, signatory: str, place: str) -> bytes:
        """Return the PDF with a signature over all of it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A signing certificate with its key; `certified` where the certificate is from a certification authority."""

    certificate: x509.Certificate
    key: Any
    certified: bool = False


@dataclass(frozen=True, slots=True)
class KeySigner:
    """Signs with a key in this process, and asks `authority` (a pyhanko TimeStamper) for the time if there is one."""

    identity: Identity
    authority: Any = None

    @property
    def name(self) -> str:
        """The subject of the signing certificate."""
        return common_name(self.identity.certificate)

    @property
    def certified(self) -> bool:
        """Whether the signature may be called certified."""
        return self.identity.certified

    @property
    def timestamped(self) -> bool:
        """Whether a timestamp authority confirms the time."""
        return self.authority is not None

    def sign(self, pdf: bytes, *, signatory: str, place: str) -> bytes:
        """Return the PDF with an invisible PAdES signature that allows no later change."""
        from pyhanko.sign.signers import SimpleSigner
        from pyhanko_certvalidator.registry import SimpleCertificateStore

        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # the library leaves it unannotated
        hand = SimpleSigner(self.identity.certificate, self.identity.key, store)
        return pades(pdf, hand, self.authority, signatory=signatory, place=place)


def pades(pdf: bytes, hand: Any, authority: Any, *, signatory: str, place: str) -> bytes:
    """Return the PDF signed as PAdES by a pyhanko Signer, with the time by a pyhanko TimeStamper or none."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        name=signatory,
        location=place,
        reason="Penerbitan surat",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    field = SigFieldSpec(FIELD, box=None, readable_field_name=f"Tanda tangan elektronik {signatory}")
    out = PdfSigner(metadata, hand, timestamper=authority, new_field_spec=field).sign_pdf(
        IncrementalPdfFileWriter(BytesIO(pdf)), output=BytesIO(), bytes_reserved=ROOM_WITH_TIMESTAMP if authority else ROOM
    )
    signed: bytes = out.getvalue()
    return signed


def local_identity(folder: Path) -> Identity:
    """Return the local key and certificate of a folder, made on the first run; processes that start together agree on one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / KEY_FILE
    if not file.exists():
        made = folder / f".{uuid.uuid4().hex}.pem"
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(_new_identity())
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(made, file)  # complete or not there, and the first one stays
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return read_identity(file.read_bytes())


def read_identity(pem: bytes, *, certified: bool = False) -> Identity:
    """Return the identity of a PEM text with an unencrypted key and its certificate."""
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )
    from cryptography.x509 import load_pem_x509_certificate

    key = load_pem_private_key(pem, None).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    certificate = load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    return Identity(x509.Certificate.load(certificate), keys.PrivateKeyInfo.load(key), certified)


def certificates(pem: bytes) -> Sequence[x509.Certificate]:
    """Return the certificates of a PEM text."""
    from asn1crypto import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificates

    return [x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in load_pem_x509_certificates(pem)]


def common_name(certificate: x509.Certificate) -> str:
    """Return what a certificate calls its owner."""
    native = certificate.subject.native
    return str(native.get("common_name") or certificate.subject.human_friendly)


def _new_identity() -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Pemerintah Kota Malang"),
            x509.NameAttribute(NameOID.COMMON_NAME, LOCAL_NAME),
        ]
    )
    use = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        False,
    )
    start = clock.now().replace(microsecond=0) - dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **use), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + certificate.public_bytes(Encoding.PEM)
