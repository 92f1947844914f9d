"""The number beside "Kotak masuk"; a page never fails for it."""

from __future__ import annotations

from chassis import telemetry
from flask import g

from gateway import inbox
from gateway.edge import gateway

log = telemetry.logger(__name__)


def unread() -> int:
    """Return how many notices the present person has not read; 0 when nobody can tell."""
    if "unread" not in g:
        try:
            with gateway().db.transaction(readonly=True) as session:
                g.unread = inbox.summary(session, g.person.id).unread
        except Exception:
            log.exception("unread_not_counted")
            g.unread = 0
    return int(g.unread)
