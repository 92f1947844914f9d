"""Letters over gRPC: the holder's own, what anyone verifies by code, and the office's register."""

from __future__ import annotations

import datetime as dt

import grpc
from chassis import clock, principal, rpc
from chassis.db import Database
from chassis.inbox import once
from malang.singo.v1 import charter_pb2, letters_pb2_grpc
from malang.singo.v1 import letters_pb2 as pb

from singo.charter import Charter
from singo.letters import registry, service
from singo.letters.checking import Finding, SignatureState
from singo.letters.model import file_name
from singo.letters.press import Press
from singo.letters.service import moment
from singo.letters.tables import Letter
from singo.letters.verification import Verification

STATES = {
    SignatureState.VALID: pb.SIGNATURE_STATE_VALID,
    SignatureState.VALID_UNCERTIFIED: pb.SIGNATURE_STATE_VALID_UNCERTIFIED,
    SignatureState.INVALID: pb.SIGNATURE_STATE_INVALID,
}


class LettersServicer(letters_pb2_grpc.LettersServicer):
    """Serves signed letters. Files are read and signatures checked after the transaction has ended."""

    def __init__(self, db: Database, charter: Charter, press: Press, verification: Verification) -> None:
        self._db, self._charter, self._press, self._verification = db, charter, press, verification

    @rpc.access(rpc.CITIZEN)
    def ListMine(self, request: pb.ListMyLettersRequest, context: grpc.ServicerContext) -> pb.LetterPage:
        """Return a page of the caller's letters, newest first."""
        with self._db.transaction(readonly=True) as session:
            rows, more = service.list_mine(session, principal.current().subject, request.page_size, request.page_token)
            return pb.LetterPage(letters=[self._message(row) for row in rows], next_page_token=more)

    @rpc.access(rpc.CITIZEN)
    def Get(self, request: pb.GetLetterRequest, context: grpc.ServicerContext) -> pb.Letter:
        """Return one of the caller's letters."""
        with self._db.transaction(readonly=True) as session:
            return self._message(service.mine(session, principal.current().subject, request.letter_id))

    @rpc.access(rpc.CITIZEN)
    def Download(self, request: pb.DownloadLetterRequest, context: grpc.ServicerContext) -> pb.LetterContent:
        """Return the signed PDF of one of the caller's letters."""
        with self._db.transaction(readonly=True) as session:
            row = service.mine(session, principal.current().subject, request.letter_id)
        return self._content(row)

    @rpc.access(rpc.ANYONE)
    def Verify(self, request: pb.VerifyRequest, context: grpc.ServicerContext) -> pb.Verification:
        """Return what the letter with this code is, and what its signature is worth."""
        row = self._by_code(request.code)
        finding = self._verification.of_stored(row.path, row.sha256, _signed_at(row))
        return self._verified(row, finding)

    @rpc.access(rpc.ANYONE)
    def VerifyUpload(self, request: pb.VerifyUploadRequest, context: grpc.ServicerContext) -> pb.UploadVerification:
        """Return whether the uploaded document is, byte for byte, the letter with this code."""
        row = self._by_code(request.code)
        sha256, finding = self._verification.of_upload(request.content, _signed_at(row))
        return pb.UploadVerification(
            same=sha256 == row.sha256, sha256=sha256, expected_sha256=row.sha256, signature=STATES[finding.state]
        )

    @rpc.access(rpc.ANYONE)
    def DownloadByCode(self, request: pb.DownloadByCodeRequest, context: grpc.ServicerContext) -> pb.LetterContent:
        """Return the signed PDF of the letter with this code; who has a printed copy may have the original."""
        return self._content(self._by_code(request.code))

    @rpc.access(rpc.staff("officer", "lurah"))
    def Register(self, request: pb.LetterRegisterRequest, context: grpc.ServicerContext) -> pb.LetterPage:
        """Return a page of the letters of the caller's area, newest first, or those with a number, code or reference."""
        who = principal.current()
        with self._db.transaction(readonly=True) as session:
            rows, more = registry.register(session, who, request.number, request.page_size, request.page_token)
            return pb.LetterPage(letters=[self._message(row) for row in rows], next_page_token=more)

    @rpc.access(rpc.staff("lurah"))
    def Revoke(self, request: pb.RevokeLetterRequest, context: grpc.ServicerContext) -> pb.Letter:
        """Take a letter of the caller's area back, with a reason for everybody."""
        with self._db.transaction() as session:

            def effect() -> pb.Letter:
                return self._message(registry.revoke(session, principal.current(), request.letter_id, request.reason))

            return once(session, request, pb.Letter, effect)

    def _by_code(self, code: str) -> Letter:
        with self._db.transaction(readonly=True) as session:
            return service.by_code(session, code)

    def _content(self, row: Letter) -> pb.LetterContent:
        return pb.LetterContent(file_name=file_name(row.title, row.number), content=self._press.read(row.path), sha256=row.sha256)

    def _message(self, row: Letter) -> pb.Letter:
        return pb.Letter(
            letter_id=str(row.id),
            application_id=str(row.application_id),
            kind=row.kind,
            kind_name=self._kind_name(row),
            number=row.number,
            signed_at=moment(row.signed_at),
            valid_until=_day(row.valid_until),
            code=row.code,
            sha256=row.sha256,
            size=row.size,
            revoked=row.revoked_at is not None,
            revoked_at=moment(row.revoked_at),
            revocation_reason=row.revocation_reason,
            reference=row.reference,
            expired=_expired(row),
        )

    def _verified(self, row: Letter, finding: Finding) -> pb.Verification:
        return pb.Verification(
            kind=row.kind,
            kind_name=self._kind_name(row),
            number=row.number,
            office=row.office,
            signatory=row.signatory,
            signed_at=moment(row.signed_at),
            valid_until=_day(row.valid_until),
            expired=_expired(row),
            sha256=row.sha256,
            signature=STATES[finding.state],
            signer=finding.signer or row.signer,
            timestamped=finding.timestamped,
            revoked=row.revoked_at is not None,
            revoked_at=moment(row.revoked_at),
            revocation_reason=row.revocation_reason,
        )

    def _kind_name(self, row: Letter) -> charter_pb2.Text:
        """Return the kind's name; the letter's own title where the charter no longer has the kind."""
        kind = self._charter.kinds.get(row.kind)
        return charter_pb2.Text(id=kind.name.id, en=kind.name.en) if kind else charter_pb2.Text(id=row.title, en=row.title)


def _signed_at(row: Letter) -> dt.datetime:
    if row.signed_at is None:
        raise ValueError(f"letter {row.id} is issued and has no instant of signature")
    return row.signed_at


def _expired(row: Letter) -> bool:
    return row.valid_until is not None and row.valid_until < clock.today()


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""
