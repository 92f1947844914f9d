import datetime as dt

import pytest
from chassis import clock, rpc
from chassis.testing import as_citizen, as_nobody, as_staff
from malang.singo.v1 import letters_pb2 as pb
from malang.singo.v1 import letters_pb2_grpc


class _Refused:
    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        self.failure = None
        return self

    def __exit__(self, _kind, failure, _trace):
        assert isinstance(failure, rpc.Failure), f"expected {self.kind}, got {failure!r}"
        assert failure.kind == self.kind
        self.failure = failure
        return True


def test_every_method_has_a_rule(servicer):
    served = rpc.Served(letters_pb2_grpc.add_LettersServicer_to_server, servicer, "malang.singo.v1.Letters")
    assert rpc.unruled([served]) == []


def test_the_holder_reads_and_downloads_their_letter(registry, stub):
    row = registry.issued()
    with as_citizen("citizen-a"):
        letter = stub.Get(pb.GetLetterRequest(letter_id=str(row.id)))
        content = stub.Download(pb.DownloadLetterRequest(letter_id=str(row.id)))
    assert (letter.number, letter.code, letter.kind, letter.kind_name.en) == (
        row.number,
        row.code,
        "domisili",
        "Certificate of domicile",
    )
    assert letter.signed_at.ToDatetime(dt.UTC) == row.signed_at
    assert letter.size == len(content.content)
    assert content.sha256 == letter.sha256
    assert content.file_name.startswith("Surat-Keterangan-Domisili-470-001")


def test_to_another_citizen_the_letter_does_not_exist(registry, stub):
    row = registry.issued()
    with as_citizen("citizen-b"):
        for call, request in ((stub.Get, pb.GetLetterRequest), (stub.Download, pb.DownloadLetterRequest)):
            with _Refused("not_found"):
                call(request(letter_id=str(row.id)))
        assert not stub.ListMine(pb.ListMyLettersRequest()).letters


@pytest.mark.parametrize("letter_id", ["", "x", "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "'; drop table letter"])
def test_what_is_no_letter_is_not_found(stub, letter_id):
    with as_citizen("citizen-a"), _Refused("not_found"):
        stub.Get(pb.GetLetterRequest(letter_id=letter_id))


def test_a_reserved_letter_is_nobody_s_yet(registry, stub):
    draft = registry.reserve()
    with as_citizen("citizen-a"), _Refused("not_found"):
        stub.Get(pb.GetLetterRequest(letter_id=draft.letter_id))
    with as_nobody(), _Refused("not_found"):
        stub.Verify(pb.VerifyRequest(code=draft.code))


def test_visitors_and_staff_have_no_letters_of_their_own(registry, stub):
    row = registry.issued()
    with as_staff(roles=["lurah"]), _Refused("denied"):
        stub.Get(pb.GetLetterRequest(letter_id=str(row.id)))
    with as_nobody(), _Refused("unauthenticated"):
        stub.ListMine(pb.ListMyLettersRequest())


def test_letters_are_listed_newest_first_page_by_page(registry, stub):
    rows = []
    for hour in range(5):
        with clock.frozen(dt.datetime(2026, 11, 24, hour, tzinfo=dt.UTC)):
            rows.append(registry.issued())
    seen, token = [], ""
    with as_citizen("citizen-a"):
        while True:
            page = stub.ListMine(pb.ListMyLettersRequest(page_size=2, page_token=token))
            seen += [letter.letter_id for letter in page.letters]
            if not (token := page.next_page_token):
                break
        with _Refused("invalid") as answer:
            stub.ListMine(pb.ListMyLettersRequest(page_token="?"))
    assert seen == [str(row.id) for row in reversed(rows)]
    assert answer.failure.fields[0].field == "page_token"


def test_anyone_verifies_a_letter_by_its_code(registry, stub):
    row = registry.issued()
    with as_nobody():
        found = stub.Verify(pb.VerifyRequest(code=row.code.lower().replace("-", " ")))
        content = stub.DownloadByCode(pb.DownloadByCodeRequest(code=row.code))
    assert (found.number, found.office, found.sha256) == (row.number, "Sawojajar", row.sha256)
    assert found.signatory == row.signatory
    assert found.signature == pb.SIGNATURE_STATE_VALID_UNCERTIFIED
    assert "tidak tersertifikasi" in found.signer
    assert not found.expired
    assert content.content.startswith(b"%PDF-")


def test_a_letter_past_its_last_day_is_expired_and_its_signature_still_good(registry, stub):
    row = registry.issued()
    end = dt.datetime.combine(row.valid_until, dt.time(12), dt.UTC)
    with as_nobody(), clock.frozen(end):
        assert not stub.Verify(pb.VerifyRequest(code=row.code)).expired
    with as_nobody(), clock.frozen(end + dt.timedelta(days=1)):
        found = stub.Verify(pb.VerifyRequest(code=row.code))
    assert found.expired
    assert found.signature == pb.SIGNATURE_STATE_VALID_UNCERTIFIED


@pytest.mark.parametrize("code", ["", "0000-0000-0000-0000", "%", "x" * 5000])
def test_an_unknown_code_is_not_found_in_both_languages(stub, code):
    with as_nobody(), _Refused("not_found") as answer:
        stub.Verify(pb.VerifyRequest(code=code))
    assert "kode verifikasi" in answer.failure.id
    assert "verification code" in answer.failure.en


def upload(stub, code, content):
    with as_nobody():
        return stub.VerifyUpload(pb.VerifyUploadRequest(code=code, content=content))


def test_the_original_is_the_same(registry, press, stub):
    row = registry.issued()
    answer = upload(stub, row.code, press.read(row.path))
    assert answer.same
    assert answer.sha256 == answer.expected_sha256 == row.sha256
    assert answer.signature == pb.SIGNATURE_STATE_VALID_UNCERTIFIED


def test_one_byte_flipped_is_not_the_same(registry, press, stub):
    row = registry.issued()
    altered = bytearray(press.read(row.path))
    altered[len(altered) // 2] ^= 1
    answer = upload(stub, row.code, bytes(altered))
    assert not answer.same
    assert answer.sha256 != answer.expected_sha256
    assert answer.signature == pb.SIGNATURE_STATE_INVALID


def test_a_revision_after_the_signature_is_not_the_same(registry, press, stub):
    row = registry.issued()
    answer = upload(stub, row.code, press.read(row.path) + b"\n1 0 obj\n<<>>\nendobj\n%%EOF\n")
    assert (answer.same, answer.signature) == (False, pb.SIGNATURE_STATE_INVALID)


def test_another_letter_with_a_good_signature_is_not_the_same(registry, press, stub):
    row, other = registry.issued(), registry.issued()
    answer = upload(stub, row.code, press.read(other.path))
    assert (answer.same, answer.signature) == (False, pb.SIGNATURE_STATE_VALID_UNCERTIFIED)


def test_garbage_is_not_the_same(registry, stub):
    row = registry.issued()
    for garbage in (b"x", b"%PDF-1.7 /ByteRange", bytes(range(256)) * 400):
        answer = upload(stub, row.code, garbage)
        assert (answer.same, answer.signature) == (False, pb.SIGNATURE_STATE_INVALID)


def test_no_file_or_one_that_is_too_large_is_refused_by_name(registry, stub):
    row = registry.issued()
    for content, code in ((b"", "required"), (b"%" * (10 * 1024 * 1024 + 1), "too_large")):
        with _Refused("invalid") as answer:
            upload(stub, row.code, content)
        assert [(each.field, each.code) for each in answer.failure.fields] == [("content", code)]


def test_a_stored_letter_that_was_altered_or_lost_is_shown_as_invalid(registry, press, stub, tmp_path):
    altered, lost = registry.issued(), registry.issued()
    file = tmp_path / "files" / altered.path
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    press.files.delete(lost.path)
    with as_nobody():
        for row in (altered, lost):
            assert stub.Verify(pb.VerifyRequest(code=row.code)).signature == pb.SIGNATURE_STATE_INVALID
