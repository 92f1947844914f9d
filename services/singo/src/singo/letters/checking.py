"""Tells what an embedded signature is worth: intact over the whole file, and by whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING, Any

from chassis import clock, telemetry

from singo.letters.signing import common_name

if TYPE_CHECKING:
    from asn1crypto import x509

log = telemetry.logger(__name__)
LARGEST = 10 * 1024 * 1024  # bytes of an uploaded PDF


class SignatureState(StrEnum):
    """What a signature is worth."""

    VALID = "valid"
    VALID_UNCERTIFIED = "valid_uncertified"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of a file's signature, the subject of its certificate, and whether an authority confirmed the time."""

    state: SignatureState
    signer: str = ""
    timestamped: bool = False


INVALID = Finding(SignatureState.INVALID)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom signatures are believed: certification authorities, our local certificates, timestamp authorities."""

    certified: Sequence[x509.Certificate] = ()
    local: Sequence[x509.Certificate] = ()
    timestamps: Sequence[x509.Certificate] = ()


def check(pdf: bytes, trust: Trust, *, at: dt.datetime | None = None) -> Finding:
    """Return what a PDF's signature is worth at an instant; garbage of any kind is INVALID, never an error."""
    if len(pdf) > LARGEST or not pdf.startswith(b"%PDF-") or b"/ByteRange" not in pdf:
        return INVALID
    moment = at or clock.now()
    try:
        return _checked(pdf, trust, moment)
    except Exception as wrong:  # noqa: BLE001 - a stranger's file may break a parser in any way; that is an answer, not a fault
        log.info("signature_unreadable", reason=type(wrong).__name__)
        return INVALID


def _checked(pdf: bytes, trust: Trust, moment: dt.datetime) -> Finding:
    from pyhanko.pdf_utils.reader import PdfFileReader

    signatures = PdfFileReader(BytesIO(pdf), strict=True).embedded_regular_signatures
    if len(signatures) != 1 or not _room_is_empty(signatures[0].pkcs7_content):
        return INVALID
    signature = signatures[0]
    signer = common_name(signature.signer_cert)
    for roots, state in ((trust.certified, SignatureState.VALID), (trust.local, SignatureState.VALID_UNCERTIFIED)):
        if not roots:
            continue
        status = _status(signature, roots, trust, moment)
        if _whole(status) and status.trusted and _in_force(signature.signer_cert, moment):
            return Finding(state, signer, _timestamped(status, trust))
    return Finding(SignatureState.INVALID, signer)


def _room_is_empty(content: bytes) -> bool:
    """Tell whether nothing was written into the room behind the signature, the only bytes that it does not cover."""
    from asn1crypto import parser

    return not content[parser.peek(content) :].strip(b"\0")


def _status(signature: Any, roots: Sequence[x509.Certificate], trust: Trust, moment: dt.datetime) -> Any:
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    def context(trusted: Sequence[x509.Certificate]) -> Any:
        return ValidationContext(trust_roots=list(trusted), allow_fetching=False, moment=moment, revocation_mode="soft-fail")

    return validate_pdf_signature(signature, context(roots), context(trust.timestamps) if trust.timestamps else None)


def _in_force(certificate: x509.Certificate, moment: dt.datetime) -> bool:
    """Tell whether a certificate is of this time; one that is its own root is not asked that by the library."""
    return bool(certificate.not_valid_before <= moment <= certificate.not_valid_after)


def _whole(status: Any) -> bool:
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    return bool(
        status.intact and status.valid and status.coverage == SignatureCoverageLevel.ENTIRE_FILE and status.docmdp_ok is not False
    )


def _timestamped(status: Any, trust: Trust) -> bool:
    """Tell whether a token about this very signature is intact, and by a known authority where authorities are given."""
    token = status.timestamp_validity
    return bool(token and token.intact and token.valid and (token.trusted or not trust.timestamps))
