"""What facts and time do to applications."""

from __future__ import annotations

import datetime as dt
import io

from chassis import clock, principal
from chassis.testing import as_citizen, as_staff
from malang.gateway.v1.identity_events_pb2 import StaffEnded
from malang.singo.v1 import applications_pb2 as pb
from PIL import Image
from singo.applications import papers
from singo.applications.jobs import forget_unused_files
from singo.applications.subscriptions import SUBSCRIPTIONS


def test_work_of_somebody_who_left_goes_back_to_its_queue(world):
    held = [world.submitted().application_id, world.approved(who="citizen-b").application_id]
    others = world.submitted("citizen-c").application_id
    with as_staff(roles=["officer", "lurah"], subject="leaver"):
        for each in held:
            world.stub.Claim(pb.ClaimRequest(application_id=each))
    with as_staff(subject="stayer"):
        world.stub.Claim(pb.ClaimRequest(application_id=others))
    (subscription,) = SUBSCRIPTIONS
    assert subscription.fact is StaffEnded
    for _ in range(2):  # a fact that comes twice
        with world.db.transaction() as session:
            subscription.handle(session, StaffEnded(staff_id="leaver"), None)
    with as_staff(roles=["officer", "lurah"], subject="stayer"):
        for each in held:
            opened = world.stub.Open(pb.OpenRequest(application_id=each, purpose="check")).application
            assert opened.claimed_by == ""
            assert [entry.event for entry in opened.timeline].count("released") == 1
        assert world.stub.Open(pb.OpenRequest(application_id=others, purpose="check")).application.claimed_by == "stayer"


def test_files_that_no_row_names_are_forgotten_and_others_kept(world):
    draft, dropped = world.complete(), world.complete("citizen-b")
    with as_citizen("citizen-a"):
        removed = draft.attachments[0]
        world.stub.RemoveAttachment(
            pb.RemoveAttachmentRequest(application_id=draft.application_id, attachment_id=removed.attachment_id)
        )
    with as_citizen("citizen-b"):
        world.stub.DiscardDraft(pb.DiscardDraftRequest(application_id=dropped.application_id))
    assert len(list(world.means.files.under("attachments"))) == 6
    assert forget_unused_files(world.db, world.means) == 0  # too young: a call may be about to commit
    with clock.frozen(clock.now() + dt.timedelta(hours=25)):
        assert forget_unused_files(world.db, world.means) == 4
    with as_citizen("citizen-a"):
        for each in draft.attachments[1:]:
            request = pb.GetAttachmentRequest(application_id=draft.application_id, attachment_id=each.attachment_id)
            assert world.stub.GetAttachment(request).content.startswith(b"\xff\xd8\xff")


def test_a_file_taken_by_the_cleaner_at_the_wrong_moment_is_stored_again(world):
    draft = world.draft()
    out = io.BytesIO()
    Image.new("RGB", (30, 30), "green").save(out, "JPEG")
    content = out.getvalue()
    with as_citizen("citizen-a"), world.db.transaction() as session:
        who = principal.current()
        application_id = papers.examine(session, world.means, who, draft.application_id, "ktp")
    stored = papers.store(world.means, application_id, "ktp.jpg", content)
    world.means.files.delete(stored[1])
    with world.db.transaction() as session:
        papers.attach(session, world.means, who, draft.application_id, requirement="ktp", stored=stored)
    with as_citizen("citizen-a"):
        read = world.stub.Get(pb.GetRequest(application_id=draft.application_id))
        request = pb.GetAttachmentRequest(application_id=draft.application_id, attachment_id=read.attachments[0].attachment_id)
        assert world.stub.GetAttachment(request).content == stored[0].content
