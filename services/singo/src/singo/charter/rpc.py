"""Charter over gRPC: public, the same for everyone."""

from __future__ import annotations

import json

import grpc
from chassis import rpc
from malang.singo.v1 import charter_pb2 as pb
from malang.singo.v1.charter_pb2_grpc import CharterServicer as Base

from singo.charter.loading import Charter
from singo.charter.model import Kind, StepRole, Text

ROLES = {
    StepRole.CITIZEN: pb.STEP_ROLE_CITIZEN,
    StepRole.OFFICER: pb.STEP_ROLE_OFFICER,
    StepRole.LURAH: pb.STEP_ROLE_LURAH,
}


def text(value: Text) -> pb.Text:
    """Return a text as its message."""
    return pb.Text(id=value.id, en=value.en)


def message(kind: Kind) -> pb.Kind:
    """Return a kind as its message."""
    return pb.Kind(
        code=kind.code,
        name=text(kind.name),
        summary=text(kind.summary),
        requirements=[pb.Requirement(code=r.code, name=text(r.name), required=r.required) for r in kind.requirements],
        form_schema=json.dumps(kind.form, ensure_ascii=False),
        time_limit_days=kind.time_limit_days,
        fee=kind.fee,
        steps=[pb.ProcedureStep(code=step.code, name=text(step.name), role=ROLES[step.role]) for step in kind.steps],
        legal_basis=kind.legal_basis,
        validity_days=kind.validity_days,
    )


class CharterServicer(Base):
    """Answers what the kelurahan promise."""

    def __init__(self, charter: Charter) -> None:
        self._kinds = {code: message(kind) for code, kind in charter.kinds.items()}
        self._charter = charter

    @rpc.access(rpc.ANYONE)
    def ListKinds(self, request: pb.ListKindsRequest, context: grpc.ServicerContext) -> pb.ListKindsResponse:
        """Return all kinds, by code."""
        return pb.ListKindsResponse(kinds=[self._kinds[code] for code in sorted(self._kinds)])

    @rpc.access(rpc.ANYONE)
    def GetKind(self, request: pb.GetKindRequest, context: grpc.ServicerContext) -> pb.Kind:
        """Return one kind."""
        return self._kinds[self._charter.kind(request.code).code]
