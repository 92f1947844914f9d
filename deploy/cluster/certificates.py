"""Certificates of the local overlay: authorities whose keys nobody keeps, and what they issued."""

import datetime as dt

from chassis import clock
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = dt.timedelta(days=365)


class Authority:
    """A root that issues certificates of servers, and of servers that are clients, too."""

    def __init__(self, name: str) -> None:
        """Make its key."""
        self._key, self._name = generate_private_key(SECP256R1()), _named(name)
        self.pem = self._signed(_begun(self._name, self._name, self._key, authority=True))

    def issue(self, *hosts: str, client: bool = False) -> dict[str, str]:
        """Return a new certificate for hosts, its key and the authority, PEM under the names that cert-manager gives them."""
        key = generate_private_key(SECP256R1())
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if client else [])]
        unsigned = (
            _begun(_named(hosts[0]), self._name, key, authority=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in hosts]), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return {"tls.crt": self._signed(unsigned), "tls.key": secret, "ca.crt": self.pem}

    def _signed(self, unsigned: x509.CertificateBuilder) -> str:
        return unsigned.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, *, authority: bool) -> x509.CertificateBuilder:
    now = clock.now()
    usage = x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
