"""Who looked at a person's data: told by facts or by the gateway's own pages, read by the person alone."""

import uuid

import msgspec
from chassis import clock
from chassis.inbox import Envelope
from gateway import access_log, my_data
from gateway.access_log import subscriptions
from gateway.demo import DINOYO
from gateway.identity import staff
from gateway.identity.sessions import Staff
from gateway.upstreams import Upstreams
from malang.singo.v1.applications_events_pb2 import ApplicantViewed
from malang.singo.v1.complaints_events_pb2 import ComplainantViewed
from malang.twuin.v1.connections_events_pb2 import HolderViewed

ME, OTHER = str(uuid.uuid4()), str(uuid.uuid4())


def tell(means, fact, event_id=None):
    handle = next(each.handle for each in subscriptions.subscriptions() if isinstance(fact, each.fact))
    around = Envelope(
        id=event_id or uuid.uuid4(), type=fact.DESCRIPTOR.full_name, source="/test", time=clock.now(), subject="key", sequence=1,
        traceparent="", topic="test", partition=0, offset=0,
    )  # fmt: skip
    with means.db.transaction() as session:
        handle(session, fact, around)


def views(means, citizen=ME, **how):
    with means.db.transaction() as session:
        return access_log.views_of(session, citizen, **how)


def seen(kind, **changes):
    wanted = {"citizen_id": ME, "viewer_id": "s-1", "viewer_role": "officer", "office": "Sawojajar", "purpose": "check"}
    fact = kind(**(wanted | {"subject_kind": "application", "subject_id": "a-1"} | changes))
    fact.at.FromDatetime(clock.now())
    return fact


def test_views_in_both_services_reach_the_persons_page_once(means):
    once = uuid.uuid4()
    for _ in range(2):
        tell(means, seen(ApplicantViewed), once)
    tell(means, seen(HolderViewed, viewer_role="water_cs", subject_kind="connection"))
    tell(means, seen(ApplicantViewed, citizen_id=OTHER))
    assert [(view.viewer_role, view.subject_kind) for view in views(means).entries] == [
        ("water_cs", "connection"), ("officer", "application"),
    ]  # fmt: skip
    assert len(views(means, OTHER).entries) == 1


def test_a_view_names_the_viewers_office_not_its_code(means):
    officer = staff.create(
        means, username="petugas", name="Rina", roles=("officer",), areas=(DINOYO,), office="Kelurahan Dinoyo", must_change_password=False,
    )  # fmt: skip
    tell(means, seen(ApplicantViewed, office=DINOYO, viewer_id=str(staff.by_username(means, officer.username).id)))
    assert [view.office for view in views(means).entries] == ["Kelurahan Dinoyo"]


def test_a_service_that_read_on_its_own_behalf_is_known_by_its_agency(means):
    tell(means, seen(ComplainantViewed, viewer_id="twuin", viewer_role="", office="", purpose="complaint", subject_kind="photo"))
    assert [(view.office, view.subject_kind) for view in views(means).entries] == [("Perumda Air Minum", "photo")]


def test_a_view_shows_role_and_office_and_no_name_or_id_of_the_viewer(means):
    tell(means, seen(ApplicantViewed, viewer_id="secret-staff-id"))
    assert "secret-staff-id" not in repr(views(means))


def test_the_gateways_own_pages_write_the_log_too(means):
    viewer = Staff(
        id="s-9", kind="staff", session_id="", client="browser", language="id", principal=None, loa=3, roles=frozenset({"admin"}),
        areas=frozenset(), office="Kominfo", _name="Mira",
    )  # fmt: skip
    with means.db.transaction() as session:
        for _ in range(2):
            access_log.record(session, ME, viewer, purpose="support", subject_kind="account", subject_id=ME)
    assert [(view.viewer_role, view.office, view.purpose) for view in views(means).entries] == [("admin", "Kominfo", "support")] * 2


def test_pages_of_the_log_lose_nothing(means):
    for number in range(25):
        tell(means, seen(ApplicantViewed, subject_id=str(number)))
    first = views(means, page_size=20)
    rest = views(means, page_size=20, page_token=first.next_page_token)
    assert {view.subject_id for view in [*first.entries, *rest.entries]} == {str(number) for number in range(25)}
    assert rest.next_page_token == ""


def test_a_citizen_takes_everything_home_and_nothing_of_anybody_else(means, people, settings):
    import json

    one, other = people.signed_in(means, 3), people.signed_in(means, 4)
    tell(means, seen(ApplicantViewed, citizen_id=one.citizen_id))
    tell(means, seen(ApplicantViewed, citizen_id=other.citizen_id, purpose="others"))
    away = Upstreams(
        msgspec.structs.replace(settings, singo_target="127.0.0.1:1", twuin_target="127.0.0.1:1"), means.keyring.minter
    )
    package = my_data.export(means, away, one.citizen_id)
    assert package["not_available"] == [f"{agency}.{name}" for agency, _, name, _, _ in my_data.AT_SERVICES]  # says what lacks
    text = json.dumps(package)
    for name in ("nik", "kk", "name", "birth_date", "phone"):
        assert people.form_of(3)[name] in text
        assert people.form_of(4)[name] not in text or people.form_of(4)[name] == people.form_of(3)[name]
    assert len(package["sessions"]) == 1
    assert [view["purpose"] for view in package["views_of_my_data"]] == ["check"]
    assert "password" not in " ".join(package["account"]).replace("password_changed_at", "")
