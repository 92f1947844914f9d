"""The inbox: notices, read one by one or all at once, and their number for a script that polls."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import Blueprint, Response, g, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from gateway import inbox
from gateway.edge import citizen_required, gateway
from gateway.inbox import Notice
from gateway.web.calls import page_token
from gateway.web.catalog import language
from gateway.web.chrome import page
from gateway.web.site import inside

pages = Blueprint("inbox", __name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice as a page shows it."""

    id: str
    title: str
    text: str
    link: str
    at: dt.datetime
    read: bool


def shown(notice: Notice) -> Shown:
    """Return a notice in the request's language."""
    words = notice.text(language())
    return Shown(notice.id, words.title, words.body, notice.link, notice.at, notice.read)


@pages.get("/kotak-masuk")
@citizen_required
def listing() -> ResponseReturnValue:
    """Show the notices, newest first."""
    with gateway().db.transaction(readonly=True) as session:
        found = inbox.page(session, g.person.id, page_token=page_token())
    return page("account/inbox.html", notices=[shown(each) for each in found.entries], next_token=found.next_page_token)


@pages.post("/kotak-masuk/<notice_id>")
@citizen_required
def follow(notice_id: str) -> ResponseReturnValue:
    """Mark a notice as read and go where it leads."""
    with gateway().db.transaction() as session:
        inbox.mark_read(session, g.person.id, [notice_id])
    return redirect(inside(request.form.get("lanjut", ""), "/kotak-masuk"), 303)


@pages.post("/kotak-masuk/dibaca")
@citizen_required
def read_all() -> ResponseReturnValue:
    """Mark all notices as read."""
    with gateway().db.transaction() as session:
        inbox.mark_read(session, g.person.id)
    return redirect("/kotak-masuk?ok=dibaca", 303)


@pages.get("/kotak-masuk/jumlah")
@citizen_required
def count() -> Response:
    """Say how many are unread, with an ETag, so that polling costs little."""
    with gateway().db.transaction(readonly=True) as session:
        summary = inbox.summary(session, g.person.id)
    response = jsonify(unread=summary.unread)
    response.set_etag(summary.etag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
