"""Everything the platform keeps about a citizen, put together for that citizen (UU PDP, right of access)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chassis import clock
from chassis.rpc import Failure
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from malang.singo.v1 import applications_pb2, complaints_pb2, letters_pb2
from malang.twuin.v1 import billing_pb2, connections_pb2, new_connections_pb2, payments_pb2

from gateway import access_log, errands, inbox
from gateway.identity import profile
from gateway.identity.means import Means
from gateway.upstreams import Upstreams

Kept = tuple[str, str, str, str, Callable[[], Any]]  # agency, capability, list, its RPC, its first request
_PAGE, _MOST = 100, 50  # entries a page, pages a list

AT_SERVICES: tuple[Kept, ...] = (
    ("singo", "applications", "applications", "ListMine", lambda: applications_pb2.ListMineRequest(page_size=_PAGE)),
    ("singo", "letters", "letters", "ListMine", lambda: letters_pb2.ListMyLettersRequest(page_size=_PAGE)),
    ("singo", "complaints", "complaints", "ListMine", lambda: complaints_pb2.ListMyComplaintsRequest(page_size=_PAGE)),
    ("singo", "complaints", "followed", "ListFollowed", lambda: complaints_pb2.ListFollowedRequest(page_size=_PAGE)),
    ("twuin", "connections", "connections", "ListMine", connections_pb2.ListMyConnectionsRequest),
    ("twuin", "billing", "bills", "ListBills", lambda: billing_pb2.ListBillsRequest(page_size=_PAGE)),
    ("twuin", "payments", "payments", "ListMine", lambda: payments_pb2.ListMyPaymentsRequest(page_size=_PAGE)),
    ("twuin", "new_connections", "new_connections", "ListMine",
     lambda: new_connections_pb2.ListMyNewConnectionsRequest(page_size=_PAGE)),
)  # fmt: skip


def export(means: Means, upstreams: Upstreams, citizen_id: str) -> dict[str, Any]:
    """Return account, sessions, notices, views, errands and what both services keep, as plain values ready for JSON.

    The caller acts for the person. What a service could not say stands under `not_available`, so nothing lacks silently.
    """
    identity = profile.export(means, citizen_id)
    with means.db.transaction(readonly=True) as session:
        own = {
            "notices": inbox.export(session, citizen_id), "views_of_my_data": access_log.export(session, citizen_id),
            "errands": errands.export(session, citizen_id), "told_by": inbox.choices(session, citizen_id),
        }  # fmt: skip
    return {"exported_at": clock.now().isoformat(), **identity, **own, **_at_services(upstreams)}


def _at_services(upstreams: Upstreams) -> dict[str, Any]:
    kept: dict[str, Any] = {"singo": {}, "twuin": {}}
    lacks: list[str] = []
    for agency, capability, name, rpc, first in AT_SERVICES:
        try:
            call = getattr(getattr(upstreams, capability), rpc)
            kept[agency][name] = [MessageToDict(each, preserving_proto_field_name=True) for each in _all(call, first())]
        except Failure:
            lacks.append(f"{agency}.{name}")
    return kept | {"not_available": lacks}


def _all(call: Callable[[Any], Any], request: Any) -> Iterator[Message]:
    """Yield the entries of a list, page by page; the list is the answer's one repeated field of messages."""
    for _ in range(_MOST):
        answer = call(request)
        field = next(f for f in answer.DESCRIPTOR.fields if f.is_repeated and f.message_type is not None)
        yield from getattr(answer, field.name)
        token = getattr(answer, "next_page_token", "")
        if not token:
            return
        request.page_token = token
