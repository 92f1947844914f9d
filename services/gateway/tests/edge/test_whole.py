"""What the server is handed: lists where an answer is complete."""

import pytest
from flask import Flask, send_file
from gateway.edge.whole import Whole
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wrappers import Response


@pytest.fixture
def served():
    app = Flask("served")
    app.response_class = Whole
    app.closed = []
    app.add_url_rule("/text", "text", view_func=lambda: "words")

    @app.get("/made-elsewhere")
    def made_elsewhere():
        response = Response(b"bytes")
        response.call_on_close(lambda: app.closed.append(True))
        return response

    app.add_url_rule("/nothing", "nothing", view_func=lambda: ("", 204))
    app.add_url_rule("/stream", "stream", view_func=lambda: Whole(part for part in ("a", "b")))
    app.add_url_rule("/file", "file", view_func=lambda: send_file(__file__))
    return app


def _given(app, path, method="GET"):
    return app.wsgi_app(create_environ(path, method=method), lambda *_: None)


def test_a_complete_answer_is_one_list(served):
    assert _given(served, "/text") == [b"words"]
    assert _given(served, "/made-elsewhere") == [b"bytes"]
    assert served.closed == [True]


def test_an_answer_without_a_body_is_an_empty_list(served):
    assert _given(served, "/nothing") == []
    assert _given(served, "/text", "HEAD") == []
    _, _, headers = run_wsgi_app(served.wsgi_app, create_environ("/text", method="HEAD"))
    assert headers["Content-Length"] == "5"


def test_what_streams_goes_on_streaming(served):
    for path in ("/stream", "/file"):
        given = _given(served, path)
        assert not isinstance(given, list)
        assert b"".join(given)
        given.close()
