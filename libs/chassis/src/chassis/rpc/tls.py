"""TLS between the services, both sides with a certificate; files that change are read again, without a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chassis import telemetry
from chassis.settings import Common, refuse

log = telemetry.logger(__name__)
_LOOK = 1.0  # seconds between two looks at the files


@dataclass(frozen=True, slots=True)
class Pem:
    """What stands in the files: own certificate chain, its key, and the authorities whose certificates count."""

    chain: bytes
    key: bytes
    authorities: bytes

    def for_server(self) -> grpc.ServerCertificateConfiguration:
        """Return what a server presents and asks for."""
        return grpc.ssl_server_certificate_configuration([(self.key, self.chain)], self.authorities)

    def for_client(self) -> grpc.ChannelCredentials:
        """Return what a channel presents and asks for."""
        return grpc.ssl_channel_credentials(self.authorities, self.key, self.chain)


class Identity:
    """The certificate of this process, as its files say it now; any thread may use it."""

    def __init__(self, certificate: Path, key: Path, authorities: Path) -> None:
        """Read the PEM files; OSError or ValueError says what is wrong with them."""
        self._files = (certificate, key, authorities)
        self._lock = threading.Lock()
        self._looked_at, self._seen = time.monotonic(), self._stamps()
        self.pem = self._read()

    def renew(self) -> bool:
        """Read the files again where they changed; tell whether `pem` is new. What is wrong with them leaves it as it was."""
        if time.monotonic() - self._looked_at < _LOOK:
            return False
        with self._lock:
            self._looked_at = time.monotonic()
            try:
                stamps = self._stamps()
                if stamps == self._seen:
                    return False
                pem = self._read()
            except (OSError, ValueError) as wrong:  # half-way through a change, or a bad one: the next look tells
                log.warning("certificate_not_read", reason=str(wrong))
                return False
            self._seen = stamps
            renewed, self.pem = pem != self.pem, pem
            if renewed:
                log.info("certificate_renewed", until=_certificate(pem.chain).not_valid_after_utc.isoformat())
            return renewed

    def _stamps(self) -> list[tuple[int, int, int]]:
        return [(at.st_ino, at.st_mtime_ns, at.st_size) for at in (path.stat() for path in self._files)]

    def _read(self) -> Pem:
        chain, key, authorities = (path.read_bytes() for path in self._files)
        x509.load_pem_x509_certificates(authorities)
        if load_pem_private_key(key, None).public_key() != _certificate(chain).public_key():
            raise ValueError(f"{self._files[1].name} is not the key of {self._files[0].name}")
        return Pem(chain, key, authorities)


def identity(settings: Common) -> Identity | None:
    """Return the certificate that `settings` name, None where calls are plain; end the process when something is wrong with it."""
    given = (settings.rpc_tls_cert, settings.rpc_tls_key, settings.rpc_tls_ca)
    if not any(given):
        return None
    if not all(given):
        refuse("RPC_TLS_CERT, RPC_TLS_KEY and RPC_TLS_CA go together")
    certificate, key, authorities = (Path(each) for each in given)
    try:
        return Identity(certificate, key, authorities)
    except (OSError, ValueError) as wrong:
        refuse(f"RPC_TLS_CERT, RPC_TLS_KEY or RPC_TLS_CA is wrong: {wrong}")


def server_credentials(own: Identity) -> grpc.ServerCredentials:
    """Return what a server asks of each new connection: a certificate of the authorities, and the present one of its own."""

    def renewed() -> grpc.ServerCertificateConfiguration | None:
        return own.pem.for_server() if own.renew() else None

    fetcher = cast("Callable[[], grpc.ServerCertificateConfiguration]", renewed)  # None says: as before; its types leave that out
    return grpc.dynamic_ssl_server_credentials(own.pem.for_server(), fetcher, require_client_authentication=True)


def _certificate(chain: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain)[0]
