"""Applications over gRPC: opens the transaction, calls one use case, translates."""

from __future__ import annotations

import grpc
from chassis import principal, rpc
from chassis.db import Database
from chassis.inbox import once
from malang.singo.v1 import applications_pb2 as pb
from malang.singo.v1.applications_pb2_grpc import ApplicationsServicer as Base

from singo.applications import desk, papers, service, signing, translate
from singo.applications.means import Means
from singo.applications.tables import Attachment

DESK = rpc.staff("officer", "lurah")
LURAH = rpc.staff("lurah")


class ApplicationsServicer(Base):
    """Answers the citizen and the kelurahan's staff."""

    def __init__(self, db: Database, means: Means, signer: signing.Signing) -> None:
        self._db, self._means, self._signing = db, means, signer

    @rpc.access(rpc.CITIZEN)
    def SaveDraft(self, request: pb.SaveDraftRequest, context: grpc.ServicerContext) -> pb.Application:
        """Begin a draft, or save one again."""
        who = principal.current()
        with self._db.transaction() as session:

            def effect() -> pb.Application:
                if request.application_id:
                    row = service.save_draft(
                        session, self._means, who, request.application_id, fields=request.fields, version=request.version
                    )
                else:
                    row = service.start_draft(session, self._means, who, request.kind, request.fields)
                return translate.for_citizen(translate.whole(row, self._means))

            return once(session, request, pb.Application, effect)

    @rpc.access(rpc.CITIZEN)
    def DiscardDraft(self, request: pb.DiscardDraftRequest, context: grpc.ServicerContext) -> pb.DiscardDraftResponse:
        """Forget a draft."""
        who = principal.current()
        with self._db.transaction() as session:

            def effect() -> pb.DiscardDraftResponse:
                service.discard_draft(session, who, request.application_id)
                return pb.DiscardDraftResponse()

            return once(session, request, pb.DiscardDraftResponse, effect)

    @rpc.access(rpc.CITIZEN)
    def AddAttachment(self, request: pb.AddAttachmentRequest, context: grpc.ServicerContext) -> pb.Application:
        """Store a document, then write its row."""
        who, means = principal.current(), self._means
        with self._db.transaction(readonly=True) as session:
            application_id = papers.examine(session, means, who, request.application_id, request.requirement)
        stored = papers.store(means, application_id, request.file_name, request.content)
        with self._db.transaction() as session:

            def effect() -> pb.Application:
                row = papers.attach(
                    session, means, who, request.application_id,
                    requirement=request.requirement, stored=stored,
                )  # fmt: skip
                return translate.for_citizen(translate.whole(row, means))

            return once(session, request, pb.Application, effect)

    @rpc.access(rpc.CITIZEN)
    def RemoveAttachment(self, request: pb.RemoveAttachmentRequest, context: grpc.ServicerContext) -> pb.Application:
        """Take a document out."""
        who = principal.current()
        with self._db.transaction() as session:

            def effect() -> pb.Application:
                row = papers.remove(session, who, request.application_id, request.attachment_id)
                return translate.for_citizen(translate.whole(row, self._means))

            return once(session, request, pb.Application, effect)

    @rpc.access(rpc.CITIZEN)
    def Submit(self, request: pb.SubmitRequest, context: grpc.ServicerContext) -> pb.Application:
        """Hand in."""
        who, applicant = principal.current(), translate.snapshot(request.applicant)
        with self._db.transaction() as session:

            def effect() -> pb.Application:
                row = service.submit(session, self._means, who, request.application_id, applicant)
                return translate.for_citizen(translate.whole(row, self._means))

            return once(session, request, pb.Application, effect)

    @rpc.access(rpc.CITIZEN)
    def Withdraw(self, request: pb.WithdrawRequest, context: grpc.ServicerContext) -> pb.Application:
        """End at the citizen's wish."""
        who = principal.current()
        with self._db.transaction() as session:

            def effect() -> pb.Application:
                row = service.withdraw(session, who, request.application_id, request.reason)
                return translate.for_citizen(translate.whole(row, self._means))

            return once(session, request, pb.Application, effect)

    @rpc.access(rpc.CITIZEN)
    def ListMine(self, request: pb.ListMineRequest, context: grpc.ServicerContext) -> pb.ApplicationPage:
        """Return a page of one's own, without fields, documents and timeline."""
        with self._db.transaction(readonly=True) as session:
            rows, more, total = service.list_mine(session, principal.current(), request.page_size, request.page_token)
            lines = [translate.for_citizen(translate.line(row, self._means)) for row in rows]
        return pb.ApplicationPage(applications=lines, next_page_token=more, total=total)

    @rpc.access(rpc.CITIZEN)
    def Get(self, request: pb.GetRequest, context: grpc.ServicerContext) -> pb.Application:
        """Return one of one's own."""
        with self._db.transaction(readonly=True) as session:
            row = service.read(session, principal.current(), request.application_id)
            return translate.for_citizen(translate.whole(row, self._means))

    @rpc.access(rpc.CITIZEN)
    def GetAttachment(self, request: pb.GetAttachmentRequest, context: grpc.ServicerContext) -> pb.AttachmentContent:
        """Return a document of one's own, with its bytes."""
        with self._db.transaction(readonly=True) as session:
            found = papers.mine(session, principal.current(), request.application_id, request.attachment_id)
            session.expunge(found)
        return self._content(found)

    @rpc.access(DESK)
    def Queue(self, request: pb.QueueRequest, context: grpc.ServicerContext) -> pb.ApplicationPage:
        """Return a page of what waits in the caller's area, without fields, documents and timeline."""
        states = [translate.OF_STATE[state] for state in request.states if state in translate.OF_STATE]
        with self._db.transaction(readonly=True) as session:
            rows, more, total = desk.queue(
                session, principal.current(), states,
                mine=request.mine, reference=request.reference, size=request.page_size, token=request.page_token,
            )  # fmt: skip
            lines = [translate.line(row, self._means) for row in rows]
        return pb.ApplicationPage(applications=lines, next_page_token=more, total=total)

    @rpc.access(DESK)
    def Open(self, request: pb.OpenRequest, context: grpc.ServicerContext) -> pb.ApplicationFile:
        """Return an application with its applicant; that is an access to personal data."""
        with self._db.transaction() as session:
            row = desk.view(session, principal.current(), request.application_id, request.purpose)
            return translate.file(row, self._means)

    @rpc.access(DESK)
    def OpenAttachment(self, request: pb.OpenAttachmentRequest, context: grpc.ServicerContext) -> pb.AttachmentContent:
        """Return a document with its bytes; that is an access to personal data."""
        with self._db.transaction() as session:
            found = desk.view_attachment(
                session, principal.current(), request.application_id, request.attachment_id, request.purpose
            )  # fmt: skip
            session.flush()
            session.expunge(found)
        return self._content(found)

    @rpc.access(DESK)
    def Claim(self, request: pb.ClaimRequest, context: grpc.ServicerContext) -> pb.Application:
        """Take out of the queue."""
        with self._db.transaction() as session:
            return translate.outline(desk.claim(session, principal.current(), request.application_id), self._means)

    @rpc.access(DESK)
    def Release(self, request: pb.ReleaseRequest, context: grpc.ServicerContext) -> pb.Application:
        """Give back to the queue."""
        with self._db.transaction() as session:
            return translate.outline(desk.release(session, principal.current(), request.application_id), self._means)

    @rpc.access(DESK)
    def Return(self, request: pb.ReturnRequest, context: grpc.ServicerContext) -> pb.Application:
        """Give back to the citizen with reasons."""
        reasons = [(each.field, each.text) for each in request.reasons]
        with self._db.transaction() as session:

            def effect() -> pb.Application:
                row = desk.give_back(session, self._means, principal.current(), request.application_id, reasons)
                return translate.outline(row, self._means)

            return once(session, request, pb.Application, effect)

    @rpc.access(DESK)
    def Approve(self, request: pb.ApproveRequest, context: grpc.ServicerContext) -> pb.Application:
        """Pass the officer's step."""
        with self._db.transaction() as session:

            def effect() -> pb.Application:
                row = desk.approve(session, self._means, principal.current(), request.application_id, request.note)
                return translate.outline(row, self._means)

            return once(session, request, pb.Application, effect)

    @rpc.access(DESK)
    def Refuse(self, request: pb.RefuseRequest, context: grpc.ServicerContext) -> pb.Application:
        """End with a reason."""
        with self._db.transaction() as session:

            def effect() -> pb.Application:
                row = desk.refuse(session, principal.current(), request.application_id, request.reason)
                return translate.outline(row, self._means)

            return once(session, request, pb.Application, effect)

    @rpc.access(LURAH)
    def Sign(self, request: pb.SignRequest, context: grpc.ServicerContext) -> pb.Application:
        """Reserve, make and store, commit; asking again goes on where it ended, so no key is needed."""
        who = principal.current()
        self._signing.sign(who, request.application_id)
        with self._db.transaction(readonly=True) as session:
            return translate.outline(desk.read(session, who, request.application_id), self._means)

    def _content(self, found: Attachment) -> pb.AttachmentContent:
        content = papers.verify(found, self._means.content(found))
        return pb.AttachmentContent(attachment=translate.attachment(found), content=content)
