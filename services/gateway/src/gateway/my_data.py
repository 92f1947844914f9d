"""Everything the gateway keeps about a citizen, put together for that citizen (UU PDP, right of access)."""

from __future__ import annotations

from typing import Any

from chassis import clock

from gateway import access_log, inbox
from gateway.identity import profile
from gateway.identity.means import Means


def export(means: Means, citizen_id: str) -> dict[str, Any]:
    """Return account, sessions, notices and views as plain values, ready for JSON."""
    identity = profile.export(means, citizen_id)
    with means.db.transaction(readonly=True) as session:
        notices, views = inbox.export(session, citizen_id), access_log.export(session, citizen_id)
    return {"exported_at": clock.now().isoformat(), **identity, "notices": notices, "views_of_my_data": views}
