"""Idempotency keys: done once, however often, at once or later it is sent."""

import threading

import pytest
from chassis import clock, rpc
from chassis.errors import Refused
from flask import Flask, request
from gateway.edge import citizen_required, idempotent, install, public
from gateway.edge.context import API_AUDIENCE, Gateway
from gateway.edge.rates import Limiter
from gateway.identity import tokens
from gateway.upstreams import Upstreams
from gateway.wsgi import own_platform
from sqlalchemy import text


class Work:
    """What the view does, counted."""

    def __init__(self):
        self.done, self.keys = 0, []
        self.hold = threading.Event()
        self.begun = threading.Event()
        self.hold.set()


def _rename(database, old, new):
    with database.transaction() as session:
        session.execute(text(f"alter table {old} rename to {new}"))


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def small(settings, means, work):
    from chassis import principal

    app = Flask("edge_test")
    install(
        app,
        Gateway(
            settings=settings, means=means, upstreams=Upstreams(settings, means.keyring.minter), limiter=Limiter(means.cache),
            verifier=principal.Verifier(means.keyring.key, audience=API_AUDIENCE, issuers=frozenset({"gateway"})),
            platform=own_platform(settings, means),
        ),
    )  # fmt: skip

    @app.post("/api/v1/pay")
    @citizen_required
    @idempotent
    def pay():
        work.begun.set()
        assert work.hold.wait(10)
        work.keys.append(rpc.current_idempotency_key())
        what = request.get_json()["what"]
        if what == "refused":
            raise Refused
        if what == "away":
            _rename(means.db, "kept_answer", "kept_elsewhere")
        if what == "crash" and work.done == 0:
            work.done += 1
            raise RuntimeError("crashed")
        work.done += 1
        return {"number": work.done}, 201, {"Location": f"/api/v1/payments/{work.done}"}

    @app.post("/form")
    @public
    @idempotent
    def form():
        work.done += 1
        return f"done {work.done}"

    @app.get("/token")
    @public
    def token():
        from gateway.edge import csrf_token

        return csrf_token()

    return app


@pytest.fixture
def caller(small, means, people):
    def of(number):
        pair = tokens.issue(means, people.signed_in(means, number, client="api").new)
        client = small.test_client()

        def pay(key, what="a bill"):
            headers = {"Authorization": f"Bearer {pair.access_token}", **({"Idempotency-Key": key} if key else {})}
            return client.post("/api/v1/pay", json={"what": what}, headers=headers)

        return pay

    return of


def test_the_same_key_and_body_get_the_stored_answer(caller, work):
    pay = caller(3)
    first, again = pay("key-00000001"), pay("key-00000001")
    assert (first.status_code, first.json, first.location) == (again.status_code, again.json, again.location)
    assert work.done == 1
    assert work.keys == ["key-00000001"]
    assert again.headers["Idempotency-Replayed"] == "true"


def test_the_same_key_with_another_body_is_422(caller, work):
    pay = caller(3)
    pay("key-00000001")
    answer = pay("key-00000001", "another bill")
    assert (answer.status_code, answer.json["code"]) == (422, "key_reused")
    assert work.done == 1


def test_a_key_is_one_persons_own(caller, work):
    assert caller(3)("key-00000001").json == {"number": 1}
    assert caller(4)("key-00000001").json == {"number": 2}


@pytest.mark.parametrize("key", ["", "short", "with blanks in it", "x" * 129])
def test_a_request_without_a_usable_key_is_400_and_does_nothing(caller, work, key):
    answer = caller(3)(key)
    assert (answer.status_code, answer.json["code"]) == (400, "key_required")
    assert work.done == 0


def test_while_the_first_is_in_flight_the_second_is_409(caller, work):
    pay, answers = caller(3), []
    work.hold.clear()
    first = threading.Thread(target=lambda: answers.append(pay("key-00000001")))
    first.start()
    assert work.begun.wait(10)
    answer = pay("key-00000001")
    work.hold.set()
    first.join()
    assert (answer.status_code, answer.json["code"]) == (409, "in_flight")
    assert answers[0].status_code == 201
    assert pay("key-00000001").json == {"number": 1}


def test_many_at_once_are_done_once(caller, work):
    pay, statuses = caller(3), []
    threads = [threading.Thread(target=lambda: statuses.append(pay("key-00000001").status_code)) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert work.done == 1
    assert set(statuses) <= {201, 409}
    assert 201 in statuses


def test_a_crash_or_a_refusal_does_not_use_up_the_key(caller, work):
    pay = caller(3)
    assert pay("key-00000001", "crash").status_code == 500
    assert pay("key-00000001", "crash").status_code == 201
    assert [pay("key-00000002", "refused").status_code for _ in range(2)] == [422, 422]


def test_work_whose_process_died_is_taken_over_after_half_a_minute(caller, work, means):
    import datetime as dt

    pay = caller(3)
    pay("key-00000001")
    with means.db.transaction() as session:
        session.execute(text("update kept_answer set status = null, body_sealed = null, headers = null"))
    assert pay("key-00000001").status_code == 409
    with clock.frozen(clock.now() + dt.timedelta(seconds=31)):
        assert pay("key-00000001").status_code == 201
    assert work.keys == ["key-00000001"] * 2  # the services recognise it


def test_what_was_done_is_answered_even_where_the_answer_cannot_be_kept(caller, work, means):
    pay = caller(3)
    assert pay("key-00000001", "away").status_code == 201
    _rename(means.db, "kept_elsewhere", "kept_answer")
    assert pay("key-00000001", "away").status_code == 409  # until the lease ends
    assert work.done == 1


def test_answers_are_kept_encrypted(caller, means):
    caller(3)("key-00000001")
    with means.db.transaction() as session:
        assert b"number" not in bytes(session.scalar(text("select body_sealed from kept_answer")))


def test_a_form_carries_its_key_in_a_field_and_a_new_form_token_changes_nothing(small, work):
    client = small.test_client()
    token = client.get("/token").text
    sent = [client.post("/form", data={"csrf_token": token, "idempotency_key": "key-00000001", "a": "b"}).text for _ in range(2)]
    assert sent == ["done 1", "done 1"]
    assert client.post("/form", data={"csrf_token": token, "idempotency_key": "key-00000001", "a": "c"}).status_code == 422
