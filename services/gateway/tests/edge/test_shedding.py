"""A process that has too much in hand turns requests away before any work, and is well again at once."""

import threading
import time

from gateway.edge.shedding import Shedding
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response


class Slow:
    """An application whose requests last until they are let go."""

    def __init__(self):
        self.free, self.asked = threading.Event(), 0

    @property
    def wsgi(self):
        @Request.application
        def app(request):
            self.asked += 1
            if request.path == "/slow":
                self.free.wait(10)
            return Response("done")

        return app


def together(client, count, path="/slow"):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(client.get(path))) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, answers


def test_one_more_than_work_and_queue_hold_is_turned_away_with_a_time_to_come_back():
    slow = Slow()
    client = Client(Shedding(slow.wsgi, most=2, queue=2))
    threads, answers = together(client, 4)
    time.sleep(0.2)
    refused = client.get("/api/v1/bills", headers={"Accept-Language": "en"})
    assert answers == []  # it waited for none of those before it
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json["detail"] == "The service is busy. Try again in a moment."
    assert slow.asked == 2
    slow.free.set()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 4


def test_a_person_gets_a_page_with_the_headers_of_every_page():
    slow = Slow()
    client = Client(Shedding(slow.wsgi, most=1, queue=1))
    threads, _ = together(client, 2)
    time.sleep(0.2)
    page = client.get("/")
    slow.free.set()
    for thread in threads:
        thread.join()
    assert page.status_code == 503
    assert "sedang sibuk" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_who_waits_too_long_is_turned_away():
    slow = Slow()
    client = Client(Shedding(slow.wsgi, most=1, queue=5))
    threads, answers = together(client, 3)
    for _ in range(50):
        time.sleep(0.1)
        if len(answers) == 2:
            break
    assert [answer.status_code for answer in answers] == [503, 503]
    slow.free.set()
    for thread in threads:
        thread.join()
    assert answers[-1].status_code == 200


def test_keys_and_static_files_pass_by_and_all_is_well_after():
    slow = Slow()
    client = Client(Shedding(slow.wsgi, most=1, queue=1))
    threads, _ = together(client, 2)
    time.sleep(0.2)
    assert client.get("/.well-known/jwks.json").status_code == 200
    assert client.get("/static/portal.css").status_code == 200
    slow.free.set()
    for thread in threads:
        thread.join()
    assert [client.get("/").status_code for _ in range(10)] == [200] * 10


def test_an_application_that_raises_gives_its_place_back():
    def broken(_environ, _start):
        raise RuntimeError

    shedding = Shedding(broken, most=1, queue=1)
    for _ in range(5):
        try:
            Client(shedding).get("/")
        except RuntimeError:
            continue
        raise AssertionError("the application's own error is not hidden")
