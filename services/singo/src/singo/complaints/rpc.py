"""Complaints over gRPC: opens the transaction, calls one use case, translates."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import grpc
from chassis import principal, rpc
from chassis.db import Database
from chassis.inbox import once
from google.protobuf.message import Message
from malang.singo.v1 import complaints_pb2 as pb
from malang.singo.v1.complaints_pb2_grpc import ComplaintsServicer as Base
from sqlalchemy import Row
from sqlalchemy.orm import Session

from singo.complaints import desk, filing, following, service, translate
from singo.complaints.means import Means
from singo.complaints.tables import READ_PHOTOS, READ_STEPS, Seen, photos_of, steps_of

REPORTER = (rpc.CITIZEN, rpc.GUEST)
DESK = rpc.staff("officer", "lurah")
Call = grpc.ServicerContext


class ComplaintsServicer(Base):
    """Answers reporters, everyone, the kelurahan's staff and the water utility."""

    def __init__(self, db: Database, means: Means) -> None:
        self._db, self._means = db, means
        self._categories = pb.ListCategoriesResponse(categories=[translate.category(each) for each in means.categories.values()])

    @rpc.access(rpc.ANYONE)
    def ListCategories(self, request: pb.ListCategoriesRequest, context: Call) -> pb.ListCategoriesResponse:
        """Return what can be reported."""
        return self._categories

    @rpc.access(rpc.ANYONE)
    def ListPublic(self, request: pb.ListPublicRequest, context: Call) -> pb.PublicComplaintPage:
        """Return a page of what the city shows of complaints, newest first, without steps."""
        with self._db.transaction(readonly=True) as session:
            rows, more = following.list_public(
                session, category=request.category, kelurahan=request.kelurahan, open_only=request.open_only,
                size=request.page_size, token=request.page_token,
            )  # fmt: skip
            look = following.look(session, principal.peek(), rows)
        return pb.PublicComplaintPage(complaints=[translate.public(row, self._means, look) for row in rows], next_page_token=more)

    @rpc.access(rpc.ANYONE)
    def GetPublic(self, request: pb.GetPublicRequest, context: Call) -> pb.PublicComplaint:
        """Return what the city shows of one complaint."""
        with self._db.transaction(readonly=True) as session:
            return self._public(session, following.by_number(session, request.number))

    @rpc.access(*REPORTER)
    def File(self, request: pb.FileComplaintRequest, context: Call) -> pb.Complaint:
        """Judge, store the photos, then write the complaint down."""
        who, means, complaint_id = principal.current(), self._means, uuid.uuid4()
        report = filing.judged(
            means, category=request.category, text=request.text,
            position=(request.position.latitude, request.position.longitude) if request.HasField("position") else None,
            address=request.address, kelurahan=request.kelurahan, photos=[each.content for each in request.photos],
        )  # fmt: skip
        kept = means.keep(complaint_id, report.photos)

        def effect(session: Session) -> pb.Complaint:
            row = filing.file(session, means, who, report, complaint_id=complaint_id, kept=kept)
            return translate.fresh(row, means, kept)

        return self._done(request, effect)

    @rpc.access(*REPORTER)
    def ListMine(self, request: pb.ListMyComplaintsRequest, context: Call) -> pb.ComplaintPage:
        """Return a page of one's own, without steps and photos."""
        with self._db.transaction(readonly=True) as session:
            rows, more, total = service.list_mine(session, principal.current(), request.page_size, request.page_token)
        lines = [translate.for_reporter(translate.written(row, self._means)) for row in rows]
        return pb.ComplaintPage(complaints=lines, next_page_token=more, total=total)

    @rpc.access(*REPORTER)
    def Get(self, request: pb.GetComplaintRequest, context: Call) -> pb.Complaint:
        """Return one of one's own."""
        row = service.found(self._db, principal.current(), request.complaint_id)
        steps = self._db.read(READ_STEPS, complaint=row.id)
        photos = self._db.read(READ_PHOTOS, complaint=row.id) if row.photos else ()
        return translate.for_reporter(translate.whole(row, self._means, steps, photos))

    @rpc.access(*REPORTER)
    def GetPhoto(self, request: pb.GetPhotoRequest, context: Call) -> pb.PhotoContent:
        """Return a photo of one's own, with its bytes."""
        row = service.found(self._db, principal.current(), request.complaint_id)
        with self._db.transaction(readonly=True) as session:
            found = service.photo(session, row.id, request.photo_id)
        return self._content(found)

    @rpc.access(*REPORTER)
    def Withdraw(self, request: pb.WithdrawComplaintRequest, context: Call) -> pb.Complaint:
        """End at the reporter's wish."""
        who, means = principal.current(), self._means

        def effect(session: Session) -> pb.Complaint:
            return self._reported(session, service.withdraw(session, means, who, request.complaint_id, request.reason))

        return self._done(request, effect)

    @rpc.access(*REPORTER)
    def Reopen(self, request: pb.ReopenComplaintRequest, context: Call) -> pb.Complaint:
        """Begin a new visit."""
        who, means = principal.current(), self._means

        def effect(session: Session) -> pb.Complaint:
            return self._reported(session, service.reopen(session, means, who, request.complaint_id, request.reason))

        return self._done(request, effect)

    @rpc.access(*REPORTER)
    def Rate(self, request: pb.RateComplaintRequest, context: Call) -> pb.Complaint:
        """Say how satisfied the reporter is."""
        who, means, asked = principal.current(), self._means, request

        def effect(session: Session) -> pb.Complaint:
            row = service.rate(session, means, who, asked.complaint_id, rating=asked.rating, text=asked.text)
            return self._reported(session, row)

        return self._done(request, effect)

    @rpc.access(rpc.CITIZEN)
    def Follow(self, request: pb.FollowRequest, context: Call) -> pb.PublicComplaint:
        """Be told what happens; following again changes nothing, so no key is needed."""
        with self._db.transaction() as session:
            return self._public(session, following.follow(session, principal.current(), request.number))

    @rpc.access(rpc.CITIZEN)
    def Unfollow(self, request: pb.UnfollowRequest, context: Call) -> pb.PublicComplaint:
        """Be told no longer."""
        with self._db.transaction() as session:
            return self._public(session, following.unfollow(session, principal.current(), request.number))

    @rpc.access(rpc.CITIZEN)
    def ListFollowed(self, request: pb.ListFollowedRequest, context: Call) -> pb.PublicComplaintPage:
        """Return a page of what the caller follows, without steps."""
        who = principal.current()
        with self._db.transaction(readonly=True) as session:
            rows, more = following.list_followed(session, who, request.page_size, request.page_token)
        look = following.Look(who.subject, frozenset(row.id for row in rows))
        return pb.PublicComplaintPage(complaints=[translate.public(row, self._means, look) for row in rows], next_page_token=more)

    @rpc.access(DESK)
    def Queue(self, request: pb.ComplaintQueueRequest, context: Call) -> pb.ComplaintPage:
        """Return a page of the caller's area, without steps, photos and anything that a reporter wrote."""
        states = [translate.OF_STATE[state] for state in request.states if state in translate.OF_STATE]
        with self._db.transaction(readonly=True) as session:
            rows, more, total = desk.queue(
                session, principal.current(), states, mine=request.mine, category=request.category, number=request.number,
                water=request.water, size=request.page_size, token=request.page_token,
            )  # fmt: skip
        lines = [translate.line(row, self._means) for row in rows]
        return pb.ComplaintPage(complaints=lines, next_page_token=more, total=total)

    @rpc.access(DESK)
    def Open(self, request: pb.OpenComplaintRequest, context: Call) -> pb.Complaint:
        """Return a complaint with everything; that is an access to personal data."""
        with self._db.transaction() as session:
            return self._whole(session, desk.view(session, principal.current(), request.complaint_id, request.purpose))

    @rpc.access(DESK)
    def OpenPhoto(self, request: pb.OpenPhotoRequest, context: Call) -> pb.PhotoContent:
        """Return a photo with its bytes; that is an access to personal data."""
        who, asked = principal.current(), request
        with self._db.transaction() as session:
            found = desk.view_photo(session, who, asked.complaint_id, asked.photo_id, asked.purpose)
        return self._content(found)

    @rpc.access(DESK)
    def Assign(self, request: pb.AssignComplaintRequest, context: Call) -> pb.Complaint:
        """Take a complaint, or hand it to somebody."""
        who, means = principal.current(), self._means

        def effect(session: Session) -> pb.Complaint:
            return translate.line(desk.assign(session, means, who, request.complaint_id, request.staff_id), means)

        return self._done(request, effect)

    @rpc.access(DESK)
    def Answer(self, request: pb.AnswerComplaintRequest, context: Call) -> pb.Complaint:
        """Answer; work goes on."""
        who, means = principal.current(), self._means

        def effect(session: Session) -> pb.Complaint:
            return translate.line(desk.answer(session, means, who, request.complaint_id, request.text), means)

        return self._done(request, effect)

    @rpc.access(DESK)
    def Resolve(self, request: pb.ResolveComplaintRequest, context: Call) -> pb.Complaint:
        """End well."""
        who, means = principal.current(), self._means

        def effect(session: Session) -> pb.Complaint:
            return translate.line(desk.resolve(session, means, who, request.complaint_id, request.text), means)

        return self._done(request, effect)

    @rpc.access(DESK)
    def Refuse(self, request: pb.RefuseComplaintRequest, context: Call) -> pb.Complaint:
        """End with a reason."""
        who, means = principal.current(), self._means

        def effect(session: Session) -> pb.Complaint:
            return translate.line(desk.refuse(session, means, who, request.complaint_id, request.reason), means)

        return self._done(request, effect)

    @rpc.access(rpc.workload("twuin"))
    def FetchPhoto(self, request: pb.FetchPhotoRequest, context: Call) -> pb.PhotoContent:
        """Return a photo of a complaint of water to the water utility; that is an access to personal data."""
        with self._db.transaction() as session:
            found = desk.fetch_photo(session, principal.current().subject, request.complaint_id, request.photo_id)
        return self._content(found)

    def _done(self, request: Message, effect: Callable[[Session], pb.Complaint]) -> pb.Complaint:
        """Let a use case have its effect once for the client's key, in one transaction."""
        with self._db.transaction() as session:
            return once(session, request, pb.Complaint, lambda: effect(session))

    def _whole(self, session: Session, row: Seen) -> pb.Complaint:
        photos = photos_of(session, row.id) if row.photos else ()
        return translate.whole(row, self._means, steps_of(session, row.id), photos)

    def _reported(self, session: Session, row: Seen) -> pb.Complaint:
        return translate.for_reporter(self._whole(session, row))

    def _public(self, session: Session, row: Seen) -> pb.PublicComplaint:
        look = following.look(session, principal.peek(), [row])
        return translate.public(row, self._means, look, steps_of(session, row.id))

    def _content(self, found: Row[Any]) -> pb.PhotoContent:
        return pb.PhotoContent(photo=translate.photo(found), content=self._means.content(found))
