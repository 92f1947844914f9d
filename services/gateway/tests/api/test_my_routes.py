"""One's own routes over both agencies: errands, choices of delivery, a proved e-mail address; and tokens of guests."""

import re
import uuid

import pytest
from chassis import clock
from gateway import messages
from gateway.errands import service
from gateway.identity import tokens

API = "/api/v1"
BOTH = pytest.mark.parametrize("language", ["id", "en"])


@pytest.fixture
def citizen(app, means, people):
    return caller(app, tokens.issue(means, people.signed_in(means, client="api").new).access_token)


def caller(app, access):
    def call(method, path, *, language="id", **more):
        headers = {"Authorization": f"Bearer {access}", "Accept-Language": language, "Idempotency-Key": str(uuid.uuid4())}
        return app.test_client().open(f"{API}{path}", method=method, headers=headers, **more)

    return call


def begin(means, citizen_id, state="submitted", kind="letter", **more):
    told = service.Told(
        kind=kind, subject_id=uuid.uuid4(), fact="X", sequence=1, at=clock.now(), state=state, open=True, with_whom="officer",
        reference="SGO-7K3M", detail="domisili", **more,
    )  # fmt: skip
    with means.db.transaction() as session:
        service.begin(session, [citizen_id], told)


@BOTH
def test_errands_are_listed_in_the_language_asked_for(citizen, means, language):
    own = citizen("GET", "/me").get_json()["citizen_id"]
    begin(means, own, due_on="2020-01-02")
    begin(means, str(uuid.uuid4()))
    (one,) = citizen("GET", "/me/errands", language=language).get_json()["errands"]
    assert one["title"] == {"id": "Surat domisili", "en": "Letter: domisili"}[language]
    assert one["with_whom_text"] == {"id": "Petugas kelurahan", "en": "Kelurahan officer"}[language]
    assert (one["late"], one["open"], one["agency"], len(one["steps"])) == (True, True, "singo", 1)
    assert citizen("GET", "/me/errands?agency=twuin").get_json()["errands"] == []
    assert citizen("GET", "/me/errands?open=false").get_json()["errands"] == []


@BOTH
def test_a_filter_that_there_is_not_is_named(citizen, language):
    answer = citizen("GET", "/me/errands?agency=pln&open=ya", language=language)
    assert answer.status_code == 422
    assert [wrong["field"] for wrong in answer.get_json()["errors"]] == ["agency", "open"]


def test_choices_change_only_what_is_named(citizen):
    assert citizen("GET", "/me/preferences").get_json() == {"errands": "none", "bills": "none", "water": "none", "email": ""}
    assert citizen("PUT", "/me/preferences", json={"bills": "sms"}).get_json()["bills"] == "sms"
    assert citizen("PUT", "/me/preferences", json={"water": "sms"}).get_json()["bills"] == "sms"
    assert citizen("PUT", "/me/preferences", json={"bills": "none"}).get_json() == {
        "errands": "none", "bills": "none", "water": "sms", "email": "",
    }  # fmt: skip
    for body in ({"bills": "email"}, {"bills": "fax"}, {"pajak": "sms"}):
        answer = citizen("PUT", "/me/preferences", json=body)
        assert answer.status_code == 422
        assert [wrong["field"] for wrong in answer.get_json()["errors"]] == list(body)


def test_an_address_counts_once_proved_and_is_shown_masked(citizen, means):
    assert citizen("POST", "/me/email", json={"email": "bukan surel"}).status_code == 422
    begun = citizen("POST", "/me/email", json={"email": "ayu@malang.example"})
    assert begun.status_code == 202
    assert begun.get_json()["sent_to"] == "a••@malang.example"
    with means.db.transaction() as session:
        body = messages.mailbox(session, means.vault, to="ayu@malang.example")[0].body
    where = f"/me/email/{begun.get_json()['proof_id']}/verify"
    assert citizen("POST", where, json={"code": re.search(r"\b\d{6}\b", body)[0]}).status_code == 204
    assert citizen("GET", "/me/preferences").get_json()["email"] == "a••@malang.example"
    assert citizen("PUT", "/me/preferences", json={"bills": "email"}).status_code == 200
    assert citizen("DELETE", "/me/email").status_code == 204
    assert citizen("GET", "/me/preferences").get_json() == {"errands": "none", "bills": "none", "water": "none", "email": ""}


def test_a_guests_token_is_good_for_reports_and_for_nothing_else(app, means, people):
    phone = "081230004455"
    client = app.test_client()
    begun = client.post(f"{API}/auth/guests/codes", json={"phone": phone}, headers={"Idempotency-Key": "guest-key-1"})
    assert begun.status_code == 202
    wanted = {"registration_id": begun.get_json()["registration_id"], "code": people.code_to(means, "+6281230004455")}
    token = client.post(f"{API}/auth/guests/tokens", json=wanted).get_json()
    guest = caller(app, token["access_token"])
    assert guest("GET", "/complaints").status_code == 503  # admitted; no service runs in this test
    for method, path in (
        ("GET", "/me"),
        ("GET", "/applications"),
        ("GET", "/me/errands"),
        ("GET", "/bills"),
        ("GET", "/office/complaints"),
    ):
        assert guest(method, path).status_code == 401, path
    assert guest("POST", "/complaints/public/ADU-1/follow", json={}).status_code == 401
    assert client.post(f"{API}/auth/guests/tokens", json=wanted).status_code in {404, 422}  # a code is good once
