"""Parts fail while people go on: what still works, what says so in one sentence, and that nothing is lost."""

import time

import pytest
import requests
from running import wait_for

from deploy.local import demo


def both(running):
    demo.letter(running.url, running.signins, running.home)
    demo.bill(running.url, running.signins, running.home)


def reconnected(running, path):
    """Return once every worker of the gateway reaches the service again: each reconnects by itself in about a second."""
    url = f"{running.url}/api/v1{path}"
    wait_for(lambda: all(requests.get(url, timeout=10).status_code == 200 for _ in range(12)), seconds=10)
    time.sleep(2)  # calls that are never repeated have a connection of their own, of which no read tells


@pytest.mark.parametrize("fault", ["gone", "frozen"])
def test_both_errands_work_without_redis(running, fault):
    with running.redis_gone() if fault == "gone" else running.redis_frozen():
        both(running)


def test_both_errands_work_without_the_bus_and_the_outbox_empties_after(running):
    with running.bus_gone():
        # what the person sees at once does not wait for facts; the notices come later
        demo.letter(running.url, running.signins, running.home, notices=False)
        demo.bill(running.url, running.signins, running.home)
        assert running.outbox_depth("singo") > 0
        assert running.outbox_depth("twuin") > 0
    wait_for(lambda: running.outbox_depth("singo") == 0 and running.outbox_depth("twuin") == 0, seconds=60)
    both(running)


def test_without_singo_the_bill_works_and_letters_say_so(running):
    with running.stopped("singo-rpc"):
        demo.bill(running.url, running.signins, running.home)
        answer = requests.get(f"{running.url}/api/v1/charter/kinds", headers={"Accept-Language": "id"}, timeout=10)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Retry-After" in answer.headers
        page = requests.get(f"{running.url}/layanan", timeout=10)
        assert "sedang tidak dapat dihubungi" in page.text
        assert (
            page.status_code == 200
        )  # the page stands, one sentence takes the list's place: services/gateway/tests/web/test_pages.py
    reconnected(running, "/charter/kinds")
    demo.letter(running.url, running.signins, running.home)


def test_without_twuin_the_letter_works_and_bills_say_so(running):
    with running.stopped("twuin-rpc"):
        demo.letter(running.url, running.signins, running.home)
        answer = requests.get(f"{running.url}/api/v1/tariffs", headers={"Accept-Language": "en"}, timeout=10)
        assert answer.status_code == 503
        assert answer.json()["detail"].endswith(".")
    reconnected(running, "/tariffs")
    demo.bill(running.url, running.signins, running.home)


def test_the_supervisor_brings_back_what_dies(running):
    import os
    import signal

    before = running.pid("singo-rpc")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: running.pid("singo-rpc") not in {0, before})
    running.until_ready("singo-rpc")
    reconnected(running, "/charter/kinds")
    demo.letter(running.url, running.signins, running.home)
