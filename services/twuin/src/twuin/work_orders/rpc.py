"""malang.twuin.v1.WorkOrders."""

from __future__ import annotations

from collections.abc import Callable

import grpc
from chassis import principal, rpc
from chassis.db import Database
from chassis.inbox import once
from malang.twuin.v1 import work_orders_pb2 as pb
from malang.twuin.v1 import work_orders_pb2_grpc
from sqlalchemy.orm import Session

from twuin.vocabulary import identifier
from twuin.work_orders import crews, desk, field, photos, translate
from twuin.work_orders.photos import Album
from twuin.work_orders.tables import WorkOrderRow

CREW = rpc.staff("crew")
DESK = rpc.staff("operator", "water_cs")
OPERATOR = rpc.staff("operator")

_Request = (
    pb.AcceptWorkOrderRequest
    | pb.ArriveWorkOrderRequest
    | pb.AddWorkPhotoRequest
    | pb.SetMaterialsRequest
    | pb.CompleteWorkOrderRequest
    | pb.AssignCrewRequest
)


class WorkOrdersServicer(work_orders_pb2_grpc.WorkOrdersServicer):
    """Opens a transaction, calls one use case, translates."""

    def __init__(self, db: Database, album: Album) -> None:
        self.db, self.album = db, album

    @rpc.access(CREW)
    def ListMine(self, request: pb.ListMyWorkOrdersRequest, context: grpc.ServicerContext) -> pb.WorkOrderPage:
        """Return a page of the crew's orders, without photos, steps and address."""
        who = principal.current()
        with self.db.transaction(readonly=True) as session:
            found = field.list_mine(session, who, completed=request.completed, size=request.page_size, token=request.page_token)
            return translate.page(found, who)

    @rpc.access(CREW)
    def Get(self, request: pb.GetWorkOrderRequest, context: grpc.ServicerContext) -> pb.WorkOrder:
        """Return an order of the crew; its address is an access that its person can read, and only for who accepted it."""
        who = principal.current()
        with self.db.transaction() as session:
            row = field.read(session, who, identifier(request.work_order_id))
            needed = desk.sees_place(who, row)
            place = desk.place_of(session, self.album.vault, who, row, role=field.CREW) if needed else ""
            return translate.whole(session, row, who, place=place)

    @rpc.access(CREW)
    def Accept(self, request: pb.AcceptWorkOrderRequest, context: grpc.ServicerContext) -> pb.WorkOrder:
        """Take an order as one person of its crew."""
        who, order = principal.current(), identifier(request.work_order_id)
        return self._once(request, lambda session: field.accept(session, who, order))

    @rpc.access(CREW)
    def Arrive(self, request: pb.ArriveWorkOrderRequest, context: grpc.ServicerContext) -> pb.WorkOrder:
        """Say that one is there."""
        who, order = principal.current(), identifier(request.work_order_id)
        return self._once(request, lambda session: field.arrive(session, who, order, request.latitude, request.longitude))

    @rpc.access(CREW)
    def AddPhoto(self, request: pb.AddWorkPhotoRequest, context: grpc.ServicerContext) -> pb.WorkOrder:
        """Store a photo, then write its row; nothing is stored for who does not work on the order."""
        who, order = principal.current(), identifier(request.work_order_id)
        with self.db.transaction(readonly=True) as session:
            field.read(session, who, order).standing.require_worked_on_by(who.subject)
        stored = self.album.store(order, request.content)
        return self._once(request, lambda session: photos.add(session, self.album, who, order, stored))

    @rpc.access(CREW, DESK)
    def GetPhoto(self, request: pb.GetWorkPhotoRequest, context: grpc.ServicerContext) -> pb.WorkPhotoContent:
        """Return a photo of the work, or one of a citizen's report, fetched from singo outside of any transaction."""
        who, order = principal.current(), identifier(request.work_order_id)
        with self.db.transaction(readonly=True) as session:
            (field.read if "crew" in who.roles else desk.read)(session, who, order)
            photo = photos.find(session, order, request.photo_id)
        found = self.album.content(photo)
        return pb.WorkPhotoContent(media_type=found.media_type, content=found.content)

    @rpc.access(CREW)
    def SetMaterials(self, request: pb.SetMaterialsRequest, context: grpc.ServicerContext) -> pb.WorkOrder:
        """Say which materials the work took."""
        who, order = principal.current(), identifier(request.work_order_id)
        used = [(each.code, each.quantity) for each in request.materials]
        return self._once(request, lambda session: field.set_materials(session, who, order, used))

    @rpc.access(CREW)
    def Complete(self, request: pb.CompleteWorkOrderRequest, context: grpc.ServicerContext) -> pb.WorkOrder:
        """End an order with what came of it."""
        who, order = principal.current(), identifier(request.work_order_id)
        return self._once(request, lambda session: field.complete(session, who, order, translate.report(request)))

    @rpc.access(DESK)
    def List(self, request: pb.ListWorkOrdersRequest, context: grpc.ServicerContext) -> pb.WorkOrderPage:
        """Return a page of the orders of the caller's areas, without photos, steps and address."""
        who = principal.current()
        kind, state = translate.KINDS.get(request.kind), translate.STATES.get(request.state)
        with self.db.transaction(readonly=True) as session:
            found = desk.list_all(
                session, who, kind=kind, state=state, crew=request.crew, size=request.page_size, token=request.page_token
            )
            return translate.page(found, who)

    @rpc.access(DESK)
    def Open(self, request: pb.OpenWorkOrderRequest, context: grpc.ServicerContext) -> pb.WorkOrder:
        """Return an order of the caller's areas; its address is an access that its person can read."""
        who = principal.current()
        role = next((role for role in ("operator", "water_cs") if role in who.roles), "staff")
        with self.db.transaction() as session:
            row = desk.read(session, who, identifier(request.work_order_id))
            place = desk.place_of(session, self.album.vault, who, row, role=role)
            return translate.whole(session, row, who, place=place)

    @rpc.access(OPERATOR)
    def AssignCrew(self, request: pb.AssignCrewRequest, context: grpc.ServicerContext) -> pb.WorkOrder:
        """Give an open order to another crew."""
        who, order = principal.current(), identifier(request.work_order_id)
        return self._once(request, lambda session: desk.assign_crew(session, who, order, request.crew))

    @rpc.access(CREW, DESK)
    def ListCrews(self, request: pb.ListCrewsRequest, context: grpc.ServicerContext) -> pb.ListCrewsResponse:
        """Return all crews with their open orders, and the codes of the materials."""
        with self.db.transaction(readonly=True) as session:
            return pb.ListCrewsResponse(crews=map(translate.crew, crews.listed(session)), material_codes=crews.materials())

    def _once(self, request: _Request, effect: Callable[[Session], WorkOrderRow]) -> pb.WorkOrder:
        """Have an effect once for the caller's key; return the order without its address, which is read by Get."""
        who = principal.current()
        with self.db.transaction() as session:
            return once(
                session, request, pb.WorkOrder, lambda: translate.whole(session, effect(session), who)
            )  # fmt: skip


def served(db: Database, album: Album) -> rpc.Served:
    """Return the service for a server."""
    return rpc.Served(
        work_orders_pb2_grpc.add_WorkOrdersServicer_to_server, WorkOrdersServicer(db, album), "malang.twuin.v1.WorkOrders"
    )
