"""Errands 1 and 2 of the architecture page, over the API, through the gateway URL, on both buses."""

from deploy.local import demo


def test_a_letter_from_registration_to_public_verification(running, capsys):
    demo.letter(running.url, running.signins, running.home)
    assert "original “sama”, one flipped byte “tidak sama”" in capsys.readouterr().out


def test_a_bill_is_paid_once_however_often_the_callback_comes(running, capsys):
    demo.bill(running.url, running.signins, running.home)
    assert "callback delivered five times, paid once" in capsys.readouterr().out
