"""Who a person is, over the whole platform: tokens, keys, back-off, the end of an account, and who looked at one's data."""

import base64
import json
import os
import subprocess
import sys
import threading
import time
import uuid

import pytest
from callers import ask, citizen_of, rows, staff, submitted
from running import wait_for

from deploy.local import demo
from deploy.local.demo import Person


@pytest.fixture(scope="module")
def someone(running):
    """Return a fresh citizen and what belongs to them."""
    return demo.register(running.url, running.signins["people"], running.home)


def tokens_of(running, who):
    return Person(running.url).call("POST", "/auth/tokens", {"identifier": who["nik"], "password": who["password"]})


def refresh(running, token):
    return ask(Person(running.url), "POST", "/auth/tokens/refresh", {"refresh_token": token})


def status(running, access):
    return ask(Person(running.url, access), "GET", "/me").status_code


def test_a_refresh_token_used_twice_ends_its_whole_family_and_no_other(running, someone):
    stolen, other = tokens_of(running, someone[1]), tokens_of(running, someone[1])
    second = refresh(running, stolen["refresh_token"]).json()
    assert status(running, second["access_token"]) == 200
    replayed = refresh(running, stolen["refresh_token"])
    assert replayed.status_code == 401
    assert replayed.json()["code"] == "refresh_refused"
    assert refresh(running, second["refresh_token"]).status_code == 401
    assert status(running, second["access_token"]) == 401
    assert status(running, stolen["access_token"]) == 401
    assert status(running, other["access_token"]) == 200


def test_signing_out_everywhere_ends_every_other_session_at_once(running, someone):
    here, *others = (tokens_of(running, someone[1]) for _ in range(3))
    person = Person(running.url, here["access_token"])
    assert person.call("POST", "/me/sessions/end", {})["ended"] >= 2
    assert [status(running, other["access_token"]) for other in others] == [401, 401]
    assert [refresh(running, other["refresh_token"]).status_code for other in others] == [401, 401]
    assert status(running, here["access_token"]) == 200


def part(data):
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def read(piece):
    return json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))


def test_a_token_that_is_not_quite_one_of_ours_is_refused(running, someone):
    good = tokens_of(running, someone[1])["access_token"]
    assert status(running, good) == 200
    head, body, signature = good.split(".")
    claims = read(body)
    variants = {
        "alg none": f"{part(read(head) | {'alg': 'none'})}.{body}.",
        "alg none, signature kept": f"{part(read(head) | {'alg': 'none'})}.{body}.{signature}",
        "HS256": f"{part(read(head) | {'alg': 'HS256'})}.{body}.{signature}",
        "another subject": f"{head}.{part(claims | {'sub': str(uuid.uuid4())})}.{signature}",
        "longer life": f"{head}.{part(claims | {'exp': claims['exp'] + 3600})}.{signature}",
        "an unknown key": f"{part(read(head) | {'kid': 'nobody'})}.{body}.{signature}",
        "no signature": f"{head}.{body}.",
        "a refresh token": tokens_of(running, someone[1])["refresh_token"],
    }
    for name, token in variants.items():
        assert status(running, token) == 401, name


@pytest.fixture
def minter(running):
    """Return the gateway's own minter, with the keys of the running platform."""
    from chassis import settings as environment
    from gateway.identity.means import means_of
    from gateway.schema import database
    from gateway.settings import PREFIX, Settings

    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.platform.environment("gateway").items():
            patch.setenv(name, value)
        chosen = environment.load(Settings, PREFIX)
    means = means_of(chosen, database(chosen, "tests"))
    yield means
    means.db.close()


def test_a_token_for_another_service_or_one_that_is_over_is_refused_though_the_key_is_ours(running, someone, minter):
    from chassis.principal import Principal

    claims = read(tokens_of(running, someone[1])["access_token"].split(".")[1])
    who = Principal(claims["sub"], "citizen", claims={"sid": claims["ext"]["sid"]})
    mint = minter.keyring.minter().mint
    assert status(running, mint(who, "gateway-api")) == 200  # the same with the right audience is let in
    assert status(running, mint(who, "singo")) == 401
    assert status(running, mint(who, "gateway-api", ttl=-60)) == 401


def settled(running):
    """Return the published keys once every worker of the gateway names the same."""

    def agreed():
        seen = [frozenset(published(running)) for _ in range(12)]
        return seen[0] if len(set(seen)) == 1 else None

    return set(wait_for(agreed, seconds=15))


def test_keys_are_rotated_under_traffic_without_one_failed_request(running, someone):
    access = tokens_of(running, someone[1])["access_token"]
    stop, seen = threading.Event(), []

    def traffic(path):
        person = Person(running.url, access)
        while not stop.is_set():
            seen.append((path, ask(person, "GET", path).status_code))
            time.sleep(0.05)

    paths = ("/me", "/applications", "/bills")  # the gateway, and a token minted for each service
    threads = [threading.Thread(target=traffic, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    try:
        before = settled(running)
        for _ in range(2):
            argv = [sys.executable, "-m", "gateway", "keys", "rotate"]
            environment = running.platform.environment("gateway") | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
            done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr[-500:]
            current = json.loads(done.stdout)["current"]
            assert current in before  # published before it signs
            wait_for(lambda kid=current: kid_of(tokens_of(running, someone[1])["access_token"]) == kid, seconds=15)
            wait_for(lambda known=before: published(running) - known, seconds=15)
            before = settled(running)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {path for path, _ in seen} == set(paths)
    assert {code for _, code in seen} == {200}, [each for each in seen if each[1] != 200][:5]
    assert status(running, access) == 200  # signed by a key that retired two rotations ago


def published(running):
    import requests

    return {key["kid"] for key in requests.get(f"{running.url}/.well-known/jwks.json", timeout=10).json()["keys"]}


def kid_of(token):
    return read(token.split(".")[0])["kid"]


def alike(first, second):
    """Say whether two answers differ in nothing that an outsider could learn from."""
    shape = lambda answer: (  # noqa: E731 - one expression
        answer.status_code, sorted(answer.json()), answer.headers["Content-Type"], answer.json().get("code"), answer.json().get("detail")
    )  # fmt: skip
    return shape(first) == shape(second)


def test_nobody_learns_whether_somebody_has_an_account(running, someone):
    anyone, (_, who) = Person(running.url), someone
    stranger = running.signins["people"][-1]
    for identifiers in ((who["nik"], stranger["nik"]), (who["phone"], stranger["phone"])):
        tries = [ask(anyone, "POST", "/auth/tokens", {"identifier": i, "password": "Salah-sekali-99"}) for i in identifiers]
        assert tries[0].status_code == 401
        assert alike(*tries)
        resets = [
            ask(anyone, "POST", "/auth/password-resets", {"identifier": i}, Idempotency_Key=uuid.uuid4().hex) for i in identifiers
        ]
        assert resets[0].status_code == 202
        assert alike(*resets)
        assert len(resets[0].json()["sent_to"]) == len(resets[1].json()["sent_to"])
    names = ("nik", "kk", "name", "birth_date", "phone")
    forms = [{name: person[name] for name in names} | {"password": "Rujak-cingur-2026"} for person in (who, stranger)]
    begun = [ask(anyone, "POST", "/auth/registrations", form, Idempotency_Key=uuid.uuid4().hex) for form in forms]
    assert begun[0].status_code == 202
    assert alike(*begun)
    where = [f"/auth/registrations/{each.json()['registration_id']}/verify" for each in begun]
    wrong = [ask(anyone, "POST", each, {"code": "000000"}, Idempotency_Key=uuid.uuid4().hex) for each in where]
    assert wrong[0].status_code == 422
    assert alike(*wrong)


def test_guesses_are_slowed_down_alike_for_accounts_that_exist_and_those_that_do_not(running):
    _, who = demo.register(running.url, running.signins["people"], running.home)
    anyone = Person(running.url)

    def guess(identifier):
        answers = [ask(anyone, "POST", "/auth/tokens", {"identifier": identifier, "password": f"Tebakan-{n}"}) for n in range(8)]
        return [answer.status_code for answer in answers], answers[-1]

    known, last = guess(who["nik"])
    unknown, _ = guess("3573059999999991")
    assert known == unknown
    assert known[0] == 401
    assert known[-1] == 429
    assert last.json()["code"] == "too_many_tries"
    assert int(last.headers["Retry-After"]) > 0
    right = ask(anyone, "POST", "/auth/tokens", {"identifier": who["nik"], "password": who["password"]})
    assert right.status_code == 429  # the right password has to wait as well: a guesser learns nothing


def test_the_end_of_a_staff_account_ends_its_sessions_and_gives_its_work_back(running, minter):
    from gateway.identity import staff as accounts

    area = rows(running, "gateway", "select areas from staff where username = %s", running.signins["staff"][0]["username"])[0][0]
    name = f"petugas.{uuid.uuid4().hex[:8]}"
    made = accounts.create(
        minter, username=name, name="Petugas Sementara", roles=["officer"], areas=area, totp=True, must_change_password=False
    )
    leaving = demo.sign_in_staff(running.url, {"username": name, "password": made.password, "totp_secret": made.totp_secret})
    application = submitted(citizen_of(running, 36))
    leaving.call("POST", f"/office/applications/{application}/claim", {})
    accounts.end(minter, made.staff_id, admin_id=str(uuid.uuid4()), reason="Pindah tugas")
    leaving.call("GET", "/office/applications", expect=401)
    officer = staff(running, "officer")

    def free():
        answer = ask(officer, "POST", f"/office/applications/{application}/claim", {}, Idempotency_Key=uuid.uuid4().hex)
        return answer.status_code == 200

    wait_for(free, seconds=30)


def test_a_look_at_ones_data_is_told_with_role_office_and_purpose_and_not_the_name(running):
    citizen, _ = demo.register(running.url, running.signins["people"], running.home)
    application = submitted(citizen)
    officer = staff(running, "officer")
    assert citizen.call("GET", "/me/access-log")["views"] == []
    officer.call("POST", f"/office/applications/{application}/claim", {})
    officer.call("GET", f"/office/applications/{application}?purpose=check")
    views = wait_for(lambda: citizen.call("GET", "/me/access-log")["views"])
    assert len(views) == 1
    assert views[0]["who"] == "officer"
    assert views[0]["purpose"] == "check"
    assert views[0]["office"]
    (name,) = rows(
        running, "gateway", "select name from staff where 'officer' = any (roles) order by created_at limit 1"
    )[0]  # fmt: skip
    assert name not in json.dumps(views)


def test_a_look_without_a_purpose_is_refused_and_not_recorded(running):
    citizen, _ = demo.register(running.url, running.signins["people"], running.home)
    application, officer = submitted(citizen), staff(running, "officer")
    officer.call("POST", f"/office/applications/{application}/claim", {})
    assert ask(officer, "GET", f"/office/applications/{application}").status_code == 422
    time.sleep(2)
    assert citizen.call("GET", "/me/access-log")["views"] == []


def test_notices_come_once_when_every_fact_is_published_again(running):
    citizen = citizen_of(running, 32)
    application = submitted(citizen)
    officer = staff(running, "officer")
    officer.call("POST", f"/office/applications/{application}/claim", {})
    officer.call("GET", f"/office/applications/{application}?purpose=check")
    officer.call("POST", f"/office/applications/{application}/approve", {})
    wait_for(lambda: len(citizen.call("GET", "/me/notices")["notices"]) >= 2 and citizen.call("GET", "/me/access-log")["views"])
    wait_for(lambda: running.outbox_depth("singo") + running.outbox_depth("twuin") == 0)
    time.sleep(2)  # what is on the bus arrives
    seen = [(n["notice_id"], n["code"]) for n in citizen.call("GET", "/me/notices")["notices"]]
    total = rows(running, "gateway", "select count(*) from notice")
    published_again = 0
    for service in ("singo",):  # facts of twuin's demo data were never sent, so that sending them would be their first time
        again = "update outbox set sent_at = null where sent_at > now() - interval '5 minutes' returning 1"
        published_again += len(rows(running, service, again))
    assert published_again >= len(seen)
    wait_for(lambda: running.outbox_depth("singo") + running.outbox_depth("twuin") == 0, seconds=60)
    marker = submitted(citizen)  # comes after everything that was published again, so that has been read by then
    wait_for(lambda: any(marker in n["link"] for n in citizen.call("GET", "/me/notices")["notices"]), seconds=60)
    now = [(n["notice_id"], n["code"]) for n in citizen.call("GET", "/me/notices")["notices"] if marker not in n["link"]]
    assert now == seen
    assert len(citizen.call("GET", "/me/access-log")["views"]) == 1
    added = rows(running, "gateway", "select count(*) from notice")[0][0] - total[0][0]
    assert added == sum(marker in n["link"] for n in citizen.call("GET", "/me/notices")["notices"])
