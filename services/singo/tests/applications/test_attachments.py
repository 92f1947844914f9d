"""Files that come with an application."""

from __future__ import annotations

from chassis.testing import as_citizen, with_key
from malang.singo.v1 import applications_pb2 as pb

from services.singo.tests.applications.counter import PICTURE, picture, refused


def test_a_keyed_attachment_is_answered_again_even_after_submission(world):
    draft = world.complete()
    request = pb.AddAttachmentRequest(application_id=draft.application_id, requirement="ktp", file_name="lagi.jpg", content=PICTURE)
    with as_citizen("citizen-a"), with_key("key-3"):
        first = world.stub.AddAttachment(request)
    world.hand_in(draft)
    with as_citizen("citizen-a"), with_key("key-3"):
        assert world.stub.AddAttachment(request) == first


def test_attachments_come_back_as_they_were_and_only_as_many_as_allowed(world):
    draft = world.draft()
    with as_citizen("citizen-a"):
        for place in range(10):
            request = pb.AddAttachmentRequest(
                application_id=draft.application_id, requirement="kk", file_name=f"../{place}.exe", content=picture((place, 0, 0))
            )
            draft = world.stub.AddAttachment(request)
        assert [each.file_name for each in draft.attachments] == [f"{place}.png" for place in range(10)]
        assert world.stub.AddAttachment(request).version == draft.version  # the same one again
        request.content = picture("red")
        with refused("refused", "too_many_attachments"):
            world.stub.AddAttachment(request)
        back = world.stub.GetAttachment(
            pb.GetAttachmentRequest(application_id=draft.application_id, attachment_id=draft.attachments[3].attachment_id)
        )
        assert (back.content, back.attachment.media_type) == (picture((3, 0, 0)), "image/png")
        draft = world.stub.RemoveAttachment(
            pb.RemoveAttachmentRequest(application_id=draft.application_id, attachment_id=draft.attachments[3].attachment_id)
        )
        assert [each.file_name for each in draft.attachments] == [f"{place}.png" for place in range(10) if place != 3]
        with refused("invalid") as failure:
            world.stub.AddAttachment(
                pb.AddAttachmentRequest(application_id=draft.application_id, requirement="sim", content=PICTURE)
            )
        assert failure.value.fields[0].field == "requirement"
        with refused("invalid") as failure:
            world.stub.AddAttachment(
                pb.AddAttachmentRequest(application_id=draft.application_id, requirement="kk", content=b"<html>")
            )
        assert failure.value.fields[0].field == "content"
