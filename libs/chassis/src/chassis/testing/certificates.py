"""An authority of the test run that issues certificates, for connections with TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from chassis import clock

HERE = ("localhost", "127.0.0.1")


class Authority:
    """A root whose certificates live for a day."""

    def __init__(self, name: str = "test authority") -> None:
        """Make its key."""
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), _named(name)
        unsigned = _begun(self._name, self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.pem = unsigned.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def issue(self, folder: Path, names: Sequence[str] = HERE) -> tuple[Path, Path, Path]:
        """Write a new certificate for hosts, its key and the authority into `folder`; return the three files."""
        key = ec.generate_private_key(ec.SECP256R1())
        unsigned = _begun(_named(names[0]), self._name, key).add_extension(
            x509.SubjectAlternativeName([_host(each) for each in names]), critical=False
        )
        files = (folder / "tls.crt", folder / "tls.key", folder / "ca.crt")
        content = (
            unsigned.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            self.pem,
        )
        for path, pem in zip(files, content, strict=True):
            path.write_bytes(pem)
            path.chmod(0o600)
        return files


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = clock.now()
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )
