"""The admin's page about the platform: what it shows of the gateway itself, with both services away, and a re-drive by hand."""

import re
import uuid

import msgspec
import pyotp
import pytest
import sqlalchemy as sa
from chassis import clock
from chassis.broker import Place, Record
from chassis.consumer.letters import park
from chassis.consumer.subscription import envelope_of
from chassis.db import heartbeat
from chassis.db.frame import dead_letter
from gateway.access_log.tables import ViewRow
from gateway.app import SERVICE
from gateway.identity import staff, staff_signin
from gateway.identity.tokens import issue
from gateway.wsgi import subscriptions
from malang.twuin.v1.connections_events_pb2 import HolderViewed

from services.gateway.tests.web.office.test_office import app, key_of, member, token_of

__all__ = ["app", "member"]  # fixtures
REASON = "Kolom yang hilang sudah ditambahkan."
HERE = "/kantor/platform/gateway"


@pytest.fixture
def parked(means):
    """Park a fact about a view, which the gateway can handle by now; return whose data was seen."""
    citizen = str(uuid.uuid4())
    fact = HolderViewed(citizen_id=citizen, viewer_id="twuin", viewer_role="crew", purpose="repair", subject_kind="connection")
    headers = {
        "ce_id": str(uuid.uuid4()),
        "ce_type": fact.DESCRIPTOR.full_name,
        "ce_time": clock.now().isoformat(),
        "ce_subject": citizen,
    }
    record = Record(Place("twuin.connections", 0), 7, citizen, fact.SerializeToString(), headers)
    with means.db.transaction() as session:
        park(session, "gateway", record, envelope_of(record), error="KeyError: office", attempts=5)
    return citizen


def seen(means, citizen):
    with means.db.transaction() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(ViewRow).where(ViewRow.citizen_id == uuid.UUID(citizen)))


def form_of(client, path, **typed):
    text = client.get(path).text
    return {"csrf_token": token_of(text), "idempotency_key": key_of(text), **typed}


def test_a_redrive_from_a_page_knows_what_the_consumer_knows(means):
    def named(found):
        return [(each.fact.DESCRIPTOR.full_name, each.name, each.ordered, each.restated) for each in found]

    assert named(subscriptions(means)) == named(SERVICE.subscriptions(means))


def test_the_page_shows_the_gateway_and_says_that_both_services_are_away(member, means, parked):
    live = heartbeat.Alive("node-1", "web", "0.1.0", "abc1234", clock.now())
    failed = heartbeat.JobRun("messages.deliver", "failed", "OSError: tidak ada jaringan", clock.now(), None)
    with means.db.transaction() as session:
        heartbeat.beat(session, live, ready=True, lag={"twuin.billing": 12}, jobs=[failed])
    text = member("admin").get("/kantor/platform").text
    for shown in (
        "node-1",
        "abc1234",
        "Bekerja",
        "Tidak ada",
        "Ada proses yang mati",
        "OSError: tidak ada jaringan",
        "twuin.billing",
    ):
        assert shown in text, shown
    assert text.count("Tidak menjawab") == 2
    assert re.search(r"<b>1</b><span>kabar tertahan", text)
    client = member("admin", "uji.english")
    client.set_cookie("bahasa", "en")
    assert "parked facts" in client.get("/kantor/platform").text


def test_parked_facts_are_listed_with_their_reason_and_without_what_they_carry(member, parked):
    text = member("admin").get(f"{HERE}/kabar").text
    assert "malang.twuin.v1.HolderViewed" in text
    assert "KeyError: office" in text
    assert "repair" not in text


def test_a_redrive_needs_the_word_and_the_reason_and_has_its_effect_once(member, means, parked):
    client, path = member("admin"), f"{HERE}/proses-ulang"
    assert client.post(path, data=form_of(client, path, alasan=REASON)).status_code == 422
    short = client.post(path, data=form_of(client, path, alasan="pendek", yakin="ya"))
    assert (short.status_code, "10 sampai 300" in short.text) == (422, True)
    assert seen(means, parked) == 0
    form = form_of(client, path, alasan=REASON, yakin="ya")
    for _ in range(2):
        done = client.post(path, data=form)
        assert (done.status_code, done.headers["Location"]) == (303, "/kantor/platform?ok=proses-ulang")
    assert seen(means, parked) == 1
    after = client.get("/kantor/platform?ok=proses-ulang").text
    assert REASON in after
    assert after.count("1 berhasil, 0 masih tertahan") == 1
    assert "Rina Uji" in after
    assert "Tidak ada kabar tertahan" in client.get(f"{HERE}/kabar").text


def test_one_letter_is_driven_by_its_number_and_a_gone_one_is_said_so(member, means, parked):
    client = member("admin")
    with means.db.transaction() as session:
        letter = session.scalar(sa.select(dead_letter.c.id))
    path = f"{HERE}/proses-ulang?kabar={letter}"
    assert client.post(path, data=form_of(client, path, alasan=REASON, yakin="ya")).status_code == 303
    gone = client.post(path, data=form_of(client, path, alasan=REASON, yakin="ya"))
    assert (gone.status_code, "tidak ada lagi" in gone.text) == (404, True)


@pytest.mark.parametrize("path", ["/kantor/platform", f"{HERE}/kabar", f"{HERE}/proses-ulang"])
def test_nobody_but_an_admin_opens_it(app, member, path):
    assert member("operator").get(path).status_code == 403
    assert app.test_client().get(path).status_code == 303
    assert member("admin").get(path.replace("gateway", "bank")).status_code in {200, 404}


def bearer(means, role):
    """Return the headers of a token for the API in the name of a new member of staff."""
    made = staff.create(
        means, username=f"api.{role}", name="Rina Uji", roles=(role,), areas=("*",), totp=True, must_change_password=False
    )  # fmt: skip
    step = staff_signin.begin(means, made.username, made.password, address="203.0.113.9")
    code = pyotp.TOTP(made.totp_secret).now()
    new = staff_signin.finish(means, step.ticket, code, address="203.0.113.9", agent="test").session
    return {"Authorization": f"Bearer {issue(means, new).access_token}"}


def test_an_admin_asks_and_drives_by_the_api_and_an_operator_does_not(app, means, parked):
    client, admin, operator = app.test_client(), bearer(means, "admin"), bearer(means, "operator")
    services = client.get("/api/v1/platform", headers=admin).get_json()["services"]
    assert [(each["service"], bool(each["failure"]), each["dead_letters"]) for each in services] == [
        ("gateway", False, 1), ("singo", True, 0), ("twuin", True, 0),
    ]  # fmt: skip
    letters = client.get("/api/v1/platform/gateway/dead-letters", headers=admin).get_json()["letters"]
    assert [each["fact"] for each in letters] == ["malang.twuin.v1.HolderViewed"]
    path, body = "/api/v1/platform/gateway/dead-letters/redrive", {"reason": REASON, "letter_id": letters[0]["letter_id"]}
    for refused in (operator, admin | {"Idempotency-Key": ""}):
        assert client.post(path, json=body, headers={"Idempotency-Key": "kunci-00000001"} | refused).status_code in {400, 403, 422}
    assert seen(means, parked) == 0
    done = client.post(path, json=body, headers=admin | {"Idempotency-Key": "kunci-00000002"})
    assert (done.status_code, done.get_json()) == (200, {"resolved": 1, "open": 0})
    assert seen(means, parked) == 1
    for other in ("/api/v1/platform", "/api/v1/platform/gateway/dead-letters"):
        assert client.get(other, headers=operator).status_code == 403
    assert client.get("/api/v1/platform/bank/dead-letters", headers=admin).status_code == 404


def test_the_shapes_of_the_api_are_those_of_the_contract():
    from gateway.api import platform_routes
    from malang.platform.v1 import platform_pb2 as pb

    for name, message in (("Process", pb.Process), ("Backlog", pb.Backlog), ("Job", pb.Job), ("Intervention", pb.Intervention),
                          ("DeadLetter", pb.DeadLetter), ("DeadLetters", pb.ListDeadLettersResponse), ("Redriven", pb.RedriveResponse)):  # fmt: skip
        own = {field.name for field in msgspec.structs.fields(getattr(platform_routes, name))}
        assert own == {field.name for field in message.DESCRIPTOR.fields}, name
    assert {f.name for f in msgspec.structs.fields(platform_routes.Service)} - {"failure"} == set(
        pb.Status.DESCRIPTOR.fields_by_name
    )
