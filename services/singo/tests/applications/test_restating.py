"""What happened to applications, said again."""

from __future__ import annotations

import sqlalchemy as sa
from chassis.db.frame import outbox
from chassis.testing import as_citizen, as_staff
from malang.singo.v1 import applications_events_pb2 as facts
from malang.singo.v1 import applications_pb2 as pb
from singo.applications import restating

VIEWED = facts.ApplicantViewed.DESCRIPTOR.full_name  # of the log of who looked: no state


def test_everything_said_is_said_again_with_its_version_and_its_day(world):
    back = world.submitted()
    with as_staff():
        world.stub.Return(pb.ReturnRequest(application_id=back.application_id, reasons=[pb.ReturnReason(text="KTP tidak terbaca")]))
    world.hand_in(back)
    with as_staff():
        world.stub.Approve(pb.ApproveRequest(application_id=back.application_id))
        world.stub.Refuse(pb.RefuseRequest(application_id=world.submitted().application_id, reason="Bukan warga kelurahan ini"))
    with as_citizen("citizen-a"):
        world.stub.Withdraw(pb.WithdrawRequest(application_id=world.submitted().application_id))
    world.draft()
    with world.db.transaction(readonly=True) as session:
        rows = session.execute(sa.select(outbox.c.type, outbox.c.key, outbox.c.sequence, outbox.c.payload, outbox.c.time).where(
            outbox.c.topic == "singo.applications", outbox.c.type != VIEWED))  # fmt: skip
        said = {(row.type, row.key, row.sequence): bytes(row.payload) for row in rows}
        again = {
            (each.fact.DESCRIPTOR.full_name, each.key, each.sequence): each.fact.SerializeToString()
            for each in restating.state(session)
        }
    assert {name.rpartition(".")[2] for name, _, _ in again} == {
        "ApplicationSubmitted", "ApplicationReturned", "ApplicationApproved", "ApplicationRefused", "ApplicationWithdrawn",
    }  # fmt: skip
    assert again == said
