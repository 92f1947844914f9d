"""What happened to complaints, said again."""

from __future__ import annotations

from malang.singo.v1 import complaints_events_pb2 as facts
from singo.complaints import restating

KINDS = (
    facts.ComplaintFiled, facts.ComplaintAssigned, facts.ComplaintResolved, facts.ComplaintReopened, facts.ComplaintWithdrawn,
)  # fmt: skip


def test_everything_said_is_said_again_with_its_version(world):
    complaint = world.file(photos=[world.picture()])
    world.assign(complaint)
    world.resolve(complaint)
    world.reopen(complaint)
    world.file(who="citizen-b")
    said = {(kind, key, sequence): fact for kind in KINDS for fact, key, sequence in world.facts(kind)}
    with world.db.transaction(readonly=True) as session:
        again = {(type(each.fact), each.key, each.sequence): each for each in restating.state(session)}
    assert set(again) == set(said)
    assert len(again) == 5
    for place, each in again.items():
        if place[0] is not facts.ComplaintResolved:  # its last day for reopening belongs to a visit that is over
            assert each.fact == said[place]
