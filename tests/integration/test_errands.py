"""The four errands of the architecture page, over the API, through the gateway URL, on both buses."""

from deploy.local import demo


def test_a_letter_from_registration_to_public_verification(running, capsys):
    demo.letter(running.url, running.signins, running.home)
    assert "original “sama”, one flipped byte “tidak sama”" in capsys.readouterr().out


def test_a_bill_is_paid_once_however_often_the_callback_comes(running, capsys):
    demo.bill(running.url, running.signins, running.home)
    assert "callback delivered five times, paid once" in capsys.readouterr().out


def test_three_reports_of_one_leak_are_one_work_order_and_everybody_is_told_once(running, capsys):
    demo.leak(running.url, running.signins, running.home)
    said = capsys.readouterr().out
    assert "one work order" in said
    assert "each reporter was told once" in said


def test_a_letter_of_singo_opens_a_water_connection_of_twuin(running, capsys):
    demo.moving(running.url, running.signins, demo.letter(running.url, running.signins, running.home))
    assert "is active on the citizen's account" in capsys.readouterr().out
