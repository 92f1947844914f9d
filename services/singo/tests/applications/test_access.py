"""Who sees and does what with applications; every look becomes a fact."""

from __future__ import annotations

from chassis.rpc import unruled
from chassis.testing import as_citizen, as_nobody, as_staff, as_workload
from malang.singo.v1 import applications_events_pb2 as facts
from malang.singo.v1 import applications_pb2 as pb

from services.singo.tests.applications.counter import DINOYO, NOWHERE, SAWOJAJAR, refused


def test_every_method_has_a_rule(world):
    assert unruled([world.served]) == []


def test_nobody_else_finds_a_citizens_application(world):
    application = world.submitted()
    own = application.application_id
    calls = [
        (world.stub.Get, pb.GetRequest(application_id=own)),
        (world.stub.SaveDraft, pb.SaveDraftRequest(application_id=own, fields="{}")),
        (world.stub.DiscardDraft, pb.DiscardDraftRequest(application_id=own)),
        (world.stub.AddAttachment, pb.AddAttachmentRequest(application_id=own, requirement="ktp", content=b"x")),
        (
            world.stub.RemoveAttachment,
            pb.RemoveAttachmentRequest(application_id=own, attachment_id=application.attachments[0].attachment_id),
        ),
        (
            world.stub.GetAttachment,
            pb.GetAttachmentRequest(application_id=own, attachment_id=application.attachments[0].attachment_id),
        ),
        (world.stub.Submit, pb.SubmitRequest(application_id=own)),
        (world.stub.Withdraw, pb.WithdrawRequest(application_id=own)),
    ]
    with as_citizen("citizen-b"):
        for call, request in calls:
            with refused("not_found", "application_not_found"):
                call(request)
            request.application_id = "no id"
            with refused("not_found", "application_not_found"):
                call(request)
        assert world.stub.ListMine(pb.ListMineRequest()).total == 0
    with as_citizen("citizen-a"):
        assert world.stub.Get(pb.GetRequest(application_id=own)).version == application.version


def test_an_attachment_of_another_application_is_not_found_through_ones_own(world):
    theirs, mine = world.complete("citizen-b"), world.complete("citizen-a")
    with as_citizen("citizen-a"), refused("not_found", "attachment_not_found"):
        world.stub.GetAttachment(
            pb.GetAttachmentRequest(application_id=mine.application_id, attachment_id=theirs.attachments[0].attachment_id)
        )


def test_each_kind_of_caller_is_kept_to_their_methods(world):
    with as_staff():
        with refused("denied"):
            world.stub.ListMine(pb.ListMineRequest())
        with refused("denied"):
            world.stub.Sign(pb.SignRequest(application_id=NOWHERE))  # an officer is no lurah
    with as_citizen("citizen-a"), refused("denied"):
        world.stub.Queue(pb.QueueRequest())
    with as_staff(roles=["water_cs", "cashier", "admin"]), refused("denied"):
        world.stub.Open(pb.OpenRequest(application_id=NOWHERE, purpose="check"))
    with as_workload(), refused("denied"):
        world.stub.Get(pb.GetRequest(application_id=NOWHERE))
    with as_nobody(), refused("unauthenticated"):
        world.stub.Get(pb.GetRequest(application_id=NOWHERE))


def test_staff_see_their_own_area_only(world):
    application = world.submitted()
    own = application.application_id
    with as_staff(roles=["officer", "lurah"], areas=[DINOYO]):
        assert world.stub.Queue(pb.QueueRequest()).total == 0
        assert world.stub.Queue(pb.QueueRequest(reference=application.reference)).total == 0
        for call, request in [
            (world.stub.Open, pb.OpenRequest(application_id=own, purpose="check")),
            (world.stub.Claim, pb.ClaimRequest(application_id=own)),
            (world.stub.Release, pb.ReleaseRequest(application_id=own)),
            (world.stub.Return, pb.ReturnRequest(application_id=own, reasons=[pb.ReturnReason(text="x")])),
            (world.stub.Approve, pb.ApproveRequest(application_id=own)),
            (world.stub.Refuse, pb.RefuseRequest(application_id=own, reason="x")),
            (world.stub.Sign, pb.SignRequest(application_id=own)),
            (
                world.stub.OpenAttachment,
                pb.OpenAttachmentRequest(
                    application_id=own, attachment_id=application.attachments[0].attachment_id, purpose="check"
                ),
            ),
        ]:
            with refused("not_found", "application_not_found"):
                call(request)
    with as_staff(areas=[]):
        assert world.stub.Queue(pb.QueueRequest()).total == 0


def test_a_draft_is_nobodys_business_but_the_citizens(world):
    draft = world.complete()
    with as_staff(areas=["*"]), refused("not_found"):
        world.stub.Open(pb.OpenRequest(application_id=draft.application_id, purpose="check"))


def test_every_look_at_a_person_becomes_a_fact(world):
    application = world.submitted()
    with as_staff(subject="officer-1", areas=[SAWOJAJAR]):
        opened = world.stub.Open(pb.OpenRequest(application_id=application.application_id, purpose="check"))
        assert (opened.applicant.name, opened.applicant.nik) == ("Siti Aminah", "3573035501900001")
        attachment = application.attachments[0]
        content = world.stub.OpenAttachment(
            pb.OpenAttachmentRequest(
                application_id=application.application_id, attachment_id=attachment.attachment_id, purpose="check"
            )
        )
        assert content.content.startswith(b"\xff\xd8\xff")
        assert content.attachment == attachment
        with refused("invalid") as failure:
            world.stub.Open(pb.OpenRequest(application_id=application.application_id))
        assert failure.value.fields[0].field == "purpose"
    viewed = [fact for fact, _, _ in world.facts(facts.ApplicantViewed)]
    assert [(each.subject_kind, each.subject_id) for each in viewed] == [
        ("application", application.application_id),
        ("attachment", attachment.attachment_id),
    ]
    for each in viewed:
        assert (each.citizen_id, each.viewer_id, each.viewer_role, each.office) == ("citizen-a", "officer-1", "officer", SAWOJAJAR)
        assert each.purpose == "check"


def test_staff_read_what_an_applicant_wrote_with_a_purpose_only(world):
    own = world.submitted().application_id
    with as_staff(roles=["officer"]):
        answers = [
            world.stub.Claim(pb.ClaimRequest(application_id=own)),
            world.stub.Release(pb.ReleaseRequest(application_id=own)),
            world.stub.Approve(pb.ApproveRequest(application_id=own)),
            *world.stub.Queue(pb.QueueRequest(states=[pb.APPLICATION_STATE_APPROVED])).applications,
        ]
    assert len(answers) == 4
    for each in answers:
        assert (each.fields, list(each.attachments)) == ("", [])
    assert world.facts(facts.ApplicantViewed) == []
