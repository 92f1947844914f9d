"""Requests that are wrong in themselves: refused with problem+json, in the language asked for, before any service is asked."""

import io
import threading

import pytest
from gateway.api.own import OWN
from gateway.api.remote import REMOTE
from gateway.identity import tokens
from gateway.wsgi import create_app

API = "/api/v1"
BOTH = pytest.mark.parametrize("language", ["id", "en"])
SENTENCES = {  # what a person would read, by code and language; each names what is wrong
    "bad_request": {"id": "Permintaan tidak dapat dibaca.", "en": "The request cannot be read."},
    "unsupported_media_type": {"id": "Jenis isi ini tidak didukung.", "en": "This media type is not supported."},
    "too_large": {"id": "Kiriman terlalu besar.", "en": "The request is too large."},
    "key_required": {
        "id": "Sertakan Idempotency-Key berisi 8 sampai 128 karakter tanpa spasi.",
        "en": "Send an Idempotency-Key of 8 to 128 characters without blanks.",
    },
}


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def citizen(app, means, people):
    """Return a function that calls the API as a signed-in citizen."""
    who = people.signed_in(means, client="api")
    access = tokens.issue(means, who.new).access_token
    numbers = iter(range(1000))

    def call(method, path, *, language="id", headers=None, **more):
        given = {"Authorization": f"Bearer {access}", "Accept-Language": language}
        given["Idempotency-Key"] = f"test-key-{next(numbers)}"
        return app.test_client().open(f"{API}{path}", method=method, headers=given | (headers or {}), **more)

    return call


def refused(answer, status, code, language):
    """Hold an answer to RFC 9457 and return its body."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    body = answer.get_json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"urn:malang:problem:{code}"
    assert body["request_id"]
    assert body["title"]
    if code in SENTENCES:
        assert body["detail"] == SENTENCES[code][language]
    return body


@BOTH
@pytest.mark.parametrize("sent", ["{", "[1, 2]", '"text"', "17", "null", "{} {}", '{"a": NaN}', "\xff"])
def test_a_body_that_is_no_json_object_is_refused(citizen, language, sent):
    answer = citizen("POST", "/payments", language=language, data=sent.encode("latin-1"), content_type="application/json")
    refused(answer, 400, "bad_request", language)


@BOTH
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_a_body_of_another_media_type_is_refused(citizen, language, kind):
    answer = citizen("POST", "/payments", language=language, data=b'{"bill_ids": []}', content_type=kind)
    refused(answer, 415, "unsupported_media_type", language)


@BOTH
def test_an_unknown_field_is_named(citizen, language):
    answer = citizen("POST", "/payments", language=language, json={"bill_ids": [], "jumlah": 1})
    (wrong,) = refused(answer, 422, "invalid_fields", language)["errors"]
    assert (wrong["field"], wrong["code"]) == ("jumlah", "unknown")
    assert (
        wrong["detail"]
        == wrong[language]
        == ("Isian jumlah tidak dikenal." if language == "id" else "The field jumlah is not known.")
    )


@BOTH
def test_every_wrong_field_is_named_at_once(citizen, language):
    answer = citizen("POST", "/payments", language=language, json={"bill_ids": "satu", "channel": "tunai", "lain": 1})
    errors = refused(answer, 422, "invalid_fields", language)["errors"]
    assert {wrong["field"]: wrong["code"] for wrong in errors} == {"bill_ids": "type", "channel": "choice", "lain": "unknown"}
    assert "qris" in next(wrong["detail"] for wrong in errors if wrong["field"] == "channel")


def test_what_only_the_gateway_may_say_of_the_applicant_is_not_taken_from_a_client(citizen):
    body = {"applicant": {"name": "Orang Lain"}}
    answer = citizen("POST", "/applications/00000000-0000-4000-8000-000000000000/submit", json=body)
    assert [wrong["field"] for wrong in refused(answer, 422, "invalid_fields", "id")["errors"]] == ["applicant"]


@BOTH
def test_own_routes_name_missing_unknown_and_mistyped_fields(client, language):
    def wrong(body):
        answer = client.post(f"{API}/auth/tokens", json=body, headers={"Accept-Language": language})
        (error,) = refused(answer, 422, "invalid_fields", language)["errors"]
        assert error["field"] in error["detail"]
        return error["field"], error["code"]

    assert wrong({"identifier": "081234567890"}) == ("password", "required")
    assert wrong({"identifier": "081234567890", "password": 7}) == ("password", "type")
    assert wrong({"identifier": "081234567890", "password": "x", "otp": "1"}) == ("otp", "unknown")


@pytest.mark.parametrize("operation", [op for op in OWN if op.body is not None and op.who == "anyone"], ids=lambda op: op.name)
def test_an_empty_body_names_the_first_field_that_is_missing(client, operation):
    required = [name for name in operation.body.__struct_fields__ if name not in optional(operation.body)]
    path = operation.path.format(**dict.fromkeys(["registration_id"], "00000000-0000-4000-8000-000000000000"))
    answer = client.open(f"{API}{path}", method=operation.method, headers={"Idempotency-Key": f"key-of-{operation.name}"})
    if required:
        errors = refused(answer, 422, "invalid_fields", "id")["errors"]
        assert [(wrong["field"], wrong["code"]) for wrong in errors] == [(required[0], "required")]
    else:  # an empty object says enough; what is asked for does not exist
        assert answer.status_code in {404, 422}


def optional(kind):
    count = len(kind.__struct_defaults__)
    return set(kind.__struct_fields__[len(kind.__struct_fields__) - count :]) if count else set()


@BOTH
def test_a_body_over_a_mebibyte_is_refused(citizen, language):
    answer = citizen("POST", "/payments", language=language, data=b" " * (1024 * 1024 + 1), content_type="application/json")
    refused(answer, 413, "too_large", language)


@BOTH
def test_an_upload_over_twelve_mebibytes_is_refused(client, language):
    answer = client.post(
        f"{API}/verify/AAAA-BBBB-CCCC-DDDD", headers={"Accept-Language": language}, content_type="multipart/form-data",
        data={"file": (io.BytesIO(b"x" * (12 * 1024 * 1024)), "surat.pdf")},
    )  # fmt: skip
    refused(answer, 413, "too_large", language)


@pytest.mark.parametrize("operation", [op for op in REMOTE if op.body == "file" and op.who != "staff"], ids=lambda op: op.name)
def test_an_upload_without_its_file_names_the_field(citizen, operation):
    path = operation.path
    for name in ("application_id", "code"):
        path = path.replace(f"{{{name}}}", "00000000-0000-4000-8000-000000000000")
    answer = citizen("POST", path, data={}, content_type="multipart/form-data")
    (wrong,) = refused(answer, 422, "invalid_fields", "id")["errors"]
    assert (wrong["field"], wrong["code"]) == ("file", "required")
    assert wrong["id"] == "Lampirkan berkas pada isian file."
    assert wrong["en"] == "Attach the file in the field file."


@pytest.mark.parametrize("query", ["page_size=banyak", "page_size=1.5", "page_size=99999999999999", "warna=biru"])
def test_a_query_that_says_nothing_sensible_is_named(citizen, query):
    answer = citizen("GET", f"/payments?{query}")
    (wrong,) = refused(answer, 422, "invalid_fields", "id")["errors"]
    assert wrong["field"] == query.partition("=")[0]


@BOTH
@pytest.mark.parametrize("key", ["", "short", "with a blank in it", "x" * 129, "é" * 10])
def test_what_creates_or_pays_needs_a_usable_key(citizen, language, key):
    answer = citizen("POST", "/payments", language=language, json={"bill_ids": []}, headers={"Idempotency-Key": key})
    refused(answer, 400, "key_required", language)


@BOTH
def test_unknown_addresses_and_methods_answer_with_a_problem(client, language):
    headers = {"Accept-Language": language}
    refused(client.get(f"{API}/tidak-ada", headers=headers), 404, "not_found", language)
    wrong = client.delete(f"{API}/charter/kinds", headers=headers)
    refused(wrong, 405, "method_not_allowed", language)
    assert "GET" in wrong.headers["Allow"]


@pytest.mark.parametrize("given", ["Basic YTpi", "Bearer", "Bearer x", "Bearer a.b.c", "bearer  ", "Bearer " + "x" * 5000])
def test_whoever_shows_something_that_is_no_token_is_not_signed_in(client, given):
    answer = client.get(f"{API}/me", headers={"Authorization": given})
    refused(answer, 401, "unauthenticated", "id")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_service_that_is_away_is_said_with_a_time_to_try_again(client):
    answer = client.get(f"{API}/charter/kinds")  # nothing listens at the target in this test
    body = refused(answer, 503, "unavailable", "id")
    assert body["detail"].endswith(".")
    assert int(answer.headers["Retry-After"]) > 0


class TestRates:
    """Limits by address and of guesses."""

    @pytest.fixture
    def strict(self, settings, means):
        import msgspec

        return create_app(msgspec.structs.replace(settings, rate_per_minute=12, rate_sign_in_per_minute=4), means=means)

    def test_guesses_from_one_address_are_slowed_down_with_a_time_to_wait(self, strict):
        client = strict.test_client()
        said = [client.post(f"{API}/auth/tokens", json={"identifier": f"08123456{n:04d}", "password": "x" * 12}) for n in range(6)]
        assert 429 in [answer.status_code for answer in said]
        over = refused(said[-1], 429, "rate_exceeded", "id")
        assert 1 <= int(said[-1].headers["Retry-After"]) <= 61
        assert said[-1].headers["Retry-After"] in over["detail"]

    def test_one_address_that_asks_too_much_does_not_slow_down_another(self, strict):
        client = strict.test_client()

        def many(address):
            return [
                client.get(f"{API}/openapi.json", environ_base={"REMOTE_ADDR": address}).status_code for _ in range(14)
            ]  # one more minute's window may begin in between, so twice the limit is not asked

        first = many("198.51.100.7")
        assert 429 in first
        assert client.get(f"{API}/openapi.json", environ_base={"REMOTE_ADDR": "198.51.100.8"}).status_code == 200


def test_two_sendings_at_once_with_one_key_do_the_work_once(app, means, people):
    form = people.form_of(3)
    headers = {"Idempotency-Key": "one-key-for-both"}
    together, answers = threading.Barrier(2), []

    def send():
        together.wait()
        answers.append(app.test_client().post(f"{API}/auth/registrations", json=form, headers=headers))

    both = [threading.Thread(target=send) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses in ([202, 202], [202, 409])
    assert len(people.messages_to(means, form["phone"])) == 1
    again = app.test_client().post(f"{API}/auth/registrations", json=form, headers=headers)
    assert again.status_code == 202
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(people.messages_to(means, form["phone"])) == 1
