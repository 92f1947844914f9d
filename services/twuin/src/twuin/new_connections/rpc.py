"""malang.twuin.v1.NewConnections."""

from __future__ import annotations

import grpc
from chassis import principal, rpc
from chassis.db import Database
from chassis.inbox import once
from malang.twuin.v1 import new_connections_pb2 as pb
from malang.twuin.v1 import new_connections_pb2_grpc

from twuin import billing, keyset
from twuin.new_connections import desk, forms, letters, service, translate
from twuin.new_connections.means import Means
from twuin.new_connections.model import State
from twuin.vocabulary import identifier

_READERS = rpc.staff("water_cs", "operator")
_DESK = rpc.staff("water_cs")
_KNOWN = frozenset(state.value for state in State)


class NewConnectionsServicer(new_connections_pb2_grpc.NewConnectionsServicer):
    """Opens a transaction, calls one use case, translates."""

    def __init__(self, db: Database, means: Means) -> None:
        self.db, self.means = db, means

    @rpc.access(rpc.CITIZEN)
    def ListProofs(self, request: pb.ListProofsRequest, context: grpc.ServicerContext) -> pb.ListProofsResponse:
        """Return the caller's letters and what stands against each."""
        with self.db.transaction(readonly=True) as session:
            found = letters.proofs(session, principal.current().subject)
        return pb.ListProofsResponse(proofs=[said for each in found if (said := translate.proof(each))])

    @rpc.access(rpc.CITIZEN)
    def Apply(self, request: pb.ApplyRequest, context: grpc.ServicerContext) -> pb.NewConnection:
        """Take an application; the pictures are made anew before the transaction begins."""
        who, form = principal.current(), translate.form(request)
        papers, wrong = forms.cleaned(translate.uploads(request))
        with self.db.transaction() as session:

            def effect() -> pb.NewConnection:
                return translate.whole(session, service.apply(session, self.means, who, form, papers, wrong=wrong), self.means)

            return once(session, request, pb.NewConnection, effect)

    @rpc.access(rpc.CITIZEN)
    def ListMine(self, request: pb.ListMyNewConnectionsRequest, context: grpc.ServicerContext) -> pb.NewConnectionPage:
        """Return a page of the caller's applications."""
        size = keyset.size_of(request.page_size)
        with self.db.transaction(readonly=True) as session:
            rows, more, total = service.mine(session, principal.current().subject, size=size, token=request.page_token)
            lines = [translate.own_line(row, self.means) for row in rows]
        return pb.NewConnectionPage(applications=lines, next_page_token=more, total=total)

    @rpc.access(rpc.CITIZEN)
    def Get(self, request: pb.GetNewConnectionRequest, context: grpc.ServicerContext) -> pb.NewConnection:
        """Return one of the caller's applications."""
        with self.db.transaction(readonly=True) as session:
            row = service.get(session, principal.current().subject, identifier(request.application_id))
            return translate.whole(session, row, self.means)

    @rpc.access(rpc.CITIZEN)
    def GetDocument(self, request: pb.GetDocumentRequest, context: grpc.ServicerContext) -> pb.DocumentContent:
        """Return a document of one of the caller's applications."""
        with self.db.transaction(readonly=True) as session:
            row = service.get(session, principal.current().subject, identifier(request.application_id))
            found, content = service.document(session, self.means, row.application_id, identifier(request.document_id))
            return pb.DocumentContent(document=translate.document(found), content=content)

    @rpc.access(rpc.CITIZEN)
    def Withdraw(self, request: pb.WithdrawNewConnectionRequest, context: grpc.ServicerContext) -> pb.NewConnection:
        """Take one's application back."""
        who, application_id = principal.current(), identifier(request.application_id)
        with self.db.transaction() as session:

            def effect() -> pb.NewConnection:
                row = service.withdraw(session, self.means, who.subject, application_id, request.reason)
                return translate.whole(session, row, self.means)

            return once(session, request, pb.NewConnection, effect)

    @rpc.access(rpc.CITIZEN)
    def ReplaceProof(self, request: pb.ReplaceProofRequest, context: grpc.ServicerContext) -> pb.NewConnection:
        """Give another letter of the same home."""
        who, application_id = principal.current(), identifier(request.application_id)
        with self.db.transaction() as session:

            def effect() -> pb.NewConnection:
                row = service.replace_proof(session, self.means, who.subject, application_id, request.letter_id)
                return translate.whole(session, row, self.means)

            return once(session, request, pb.NewConnection, effect)

    @rpc.access(_READERS)
    def Queue(self, request: pb.NewConnectionQueueRequest, context: grpc.ServicerContext) -> pb.NewConnectionPage:
        """Return a page of applications in the caller's areas."""
        states = [State(int(state)) for state in request.states if int(state) in _KNOWN]
        with self.db.transaction(readonly=True) as session:
            rows, more, total = desk.queue(
                session, principal.current(), states=states, number=request.number, size=keyset.size_of(request.page_size),
                token=request.page_token,
            )  # fmt: skip
            lines = [translate.line(row) for row in rows]
        return pb.NewConnectionPage(applications=lines, next_page_token=more, total=total)

    @rpc.access(_READERS)
    def Open(self, request: pb.OpenNewConnectionRequest, context: grpc.ServicerContext) -> pb.NewConnectionFile:
        """Return all about an application; its applicant can read who looked and why."""
        application_id = identifier(request.application_id)
        with self.db.transaction() as session:
            row = desk.open_file(session, principal.current(), application_id, request.purpose)
            applicant = self.means.applicant(row)
            return pb.NewConnectionFile(
                application=translate.whole(session, row, self.means),
                applicant=pb.ConnectionApplicant(name=applicant.name, phone=applicant.phone),
                proof=translate.proof(letters.proof_of(session, row.letter_id)), arrears=billing.arrears(session, row.citizen_id),
            )  # fmt: skip

    @rpc.access(_READERS)
    def OpenDocument(self, request: pb.OpenDocumentRequest, context: grpc.ServicerContext) -> pb.DocumentContent:
        """Return a document; its applicant can read who looked and why."""
        application_id, document_id = identifier(request.application_id), identifier(request.document_id)
        with self.db.transaction() as session:
            found, content = desk.open_document(
                session, self.means, principal.current(), application_id, document_id, purpose=request.purpose
            )  # fmt: skip
            return pb.DocumentContent(document=translate.document(found), content=content)

    @rpc.access(_DESK)
    def Check(self, request: pb.CheckNewConnectionRequest, context: grpc.ServicerContext) -> pb.NewConnection:
        """Pass an application on to the survey."""
        who, application_id = principal.current(), identifier(request.application_id)
        with self.db.transaction() as session:

            def effect() -> pb.NewConnection:
                return translate.line(desk.check(session, self.means, who, application_id, request.note))

            return once(session, request, pb.NewConnection, effect)

    @rpc.access(_DESK)
    def Refuse(self, request: pb.RefuseNewConnectionRequest, context: grpc.ServicerContext) -> pb.NewConnection:
        """Refuse an application with a reason."""
        who, application_id = principal.current(), identifier(request.application_id)
        with self.db.transaction() as session:

            def effect() -> pb.NewConnection:
                row = desk.refuse(session, self.means, who, application_id, reason=request.reason, text=request.text)
                return translate.line(row)

            return once(session, request, pb.NewConnection, effect)


def served(db: Database, means: Means) -> rpc.Served:
    """Return the service for a server."""
    return rpc.Served(
        new_connections_pb2_grpc.add_NewConnectionsServicer_to_server, NewConnectionsServicer(db, means),
        "malang.twuin.v1.NewConnections",
    )  # fmt: skip
