"""Pages in each state that an answer can have, rendered from the services' own messages."""

import pytest
from flask import g
from gateway.web import chrome, labels
from gateway.web.entries import Entry
from malang.singo.v1 import applications_pb2, letters_pb2
from malang.twuin.v1 import payments_pb2


def _rendered(app, template, **context):
    with app.test_request_context("/"):
        g.person, g.language = None, "id"
        return chrome.page(template, Entry(), **context)[0]


@pytest.mark.parametrize(
    ("signature", "expired", "said"),
    [
        (1, False, "Surat ini asli dan masih berlaku"),
        (2, False, "tidak tersertifikasi"),
        (2, True, "masa berlakunya sudah habis"),
        (3, False, "Tanda tangan tidak sah"),
    ],
)
def test_the_verification_page_says_what_a_letter_is_worth(app, signature, expired, said):
    letter = letters_pb2.Verification(
        number="470/001", office="Sawojajar", signature=signature, expired=expired, valid_until="2026-01-01"
    )
    text = _rendered(app, "public/verify.html", letter=letter, code="ABCD", upload=None)
    assert said in text
    assert ("Surat ini asli dan masih berlaku" in text) is (signature != 3 and not expired)


@pytest.mark.parametrize(("same", "said"), [(True, ">SAMA<"), (False, ">TIDAK SAMA<")])
def test_a_compared_file_is_the_same_or_not_the_same(app, same, said):
    upload = letters_pb2.UploadVerification(same=same, sha256="ab" * 32)
    assert said in _rendered(app, "public/verify.html", letter=letters_pb2.Verification(signature=2), code="ABCD", upload=upload)


@pytest.mark.parametrize("state", [value for value in applications_pb2.ApplicationState.values() if value])
def test_every_state_of_an_application_has_its_page(app, state):
    one = applications_pb2.Application(application_id="a1", state=state, reference="SGO-1", letter_id="l1", due_on="2026-11-30")
    text = _rendered(app, "letters/detail.html", application=one, answers=[], requirement_names={}, ahead=[], reasons="Foto buram")
    assert labels.application(state).text in text
    assert "Tidak diketahui" not in text
    assert ("/surat/l1/unduh" in text) is (state == applications_pb2.APPLICATION_STATE_SIGNED)
    assert ("Foto buram" in text) is (
        state in {applications_pb2.APPLICATION_STATE_RETURNED, applications_pb2.APPLICATION_STATE_REFUSED}
    )


@pytest.mark.parametrize("state", [value for value in payments_pb2.PaymentState.values() if value])
@pytest.mark.parametrize("channel", [1, 2])
def test_every_state_of_a_payment_has_its_page(app, state, channel):
    one = payments_pb2.Payment(payment_id="p1", state=state, channel=channel, amount=48_100, va_number="8897", qris_payload="0002")
    text = _rendered(app, "water/payment.html", payment=one)
    assert labels.payment(state).text in text
    assert ("/pembayaran/p1/bukti" in text) is (state == payments_pb2.PAYMENT_STATE_PAID)
    assert ("/pembayaran/p1/batal" in text) is (state in {1, 2})


def test_my_letters_mark_the_ones_that_ended(app):
    letter = letters_pb2.Letter(letter_id="l1", number="470/001", code="ABCD", valid_until="2020-01-01", size=40_000)
    assert "Habis" in _rendered(app, "letters/mine.html", letters=[letter], next_token="", failure="")
