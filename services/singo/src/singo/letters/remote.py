"""Signs letters with a key that a certified signing service keeps: only the digest leaves, and the signature comes back.

The service takes `POST {"algorithm": "sha256", "digest": base64}` with a bearer token and answers `{"signature": base64}`.
"""

from __future__ import annotations

import base64
import hashlib
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from singo.letters.signing import certificates, common_name, pades

if TYPE_CHECKING:
    from asn1crypto import x509

LARGEST = 64 * 1024  # bytes of an answer


class _Answer(msgspec.Struct):
    signature: str


@dataclass(frozen=True, slots=True)
class RemoteSigner:
    """A signer behind a URL. `chain`: its certificate, then those above it, in PEM; the last one is the root. `timeout` in seconds."""

    url: str
    token: str = field(repr=False)
    chain: bytes
    authority: Any = None
    timeout: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what can never sign, at the start."""
        if not self.url.startswith(("http://", "https://")):
            raise ValueError("the address of a signing service starts with http:// or https://")
        certificates(self.chain)

    @property
    def name(self) -> str:
        """The subject of the signing certificate."""
        return common_name(certificates(self.chain)[0])

    @property
    def certified(self) -> bool:
        """A remote service is one of a certification authority."""
        return True

    @property
    def timestamped(self) -> bool:
        """Whether a timestamp authority confirms the time."""
        return self.authority is not None

    @property
    def roots(self) -> Sequence[x509.Certificate]:
        """Whom the signatures are believed by."""
        return certificates(self.chain)[-1:]

    def sign(self, pdf: bytes, *, signatory: str, place: str) -> bytes:
        """Return the PDF with an invisible PAdES signature that allows no later change."""
        return pades(pdf, _hand(self), self.authority, signatory=signatory, place=place)

    def ask(self, data: bytes) -> bytes:
        """Return the service's signature over `data`."""
        body = {"algorithm": "sha256", "digest": base64.b64encode(hashlib.sha256(data).digest()).decode()}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(self.url, msgspec.json.encode(body), headers)  # noqa: S310 - the scheme was checked
        with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310 - as above
            read = msgspec.json.decode(answer.read(LARGEST), type=_Answer)
        return base64.b64decode(read.signature, validate=True)


def _hand(remote: RemoteSigner) -> Any:
    from asn1crypto import algos
    from pyhanko.sign.signers import Signer
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    own, *above = certificates(remote.chain)
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # the library leaves it unannotated
    store.register_multiple(above)
    mechanism = "sha256_rsa" if own.public_key.algorithm == "rsa" else "sha256_ecdsa"

    class Hand(Signer):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            if digest_algorithm != "sha256":
                raise ValueError(f"the signing service is asked for sha256, not {digest_algorithm}")
            return bytes(512) if dry_run else remote.ask(data)

    return Hand(signing_cert=own, cert_registry=store, signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": mechanism}))
