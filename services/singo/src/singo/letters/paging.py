"""Page tokens of a holder's letters: the instant and id of the last letter seen, opaque to callers."""

from __future__ import annotations

import base64
import datetime as dt
import uuid

from chassis.errors import FieldError, InvalidFields

DEFAULT, MOST = 20, 100


def size_of(asked: int) -> int:
    """Return how many letters a page has."""
    return min(asked, MOST) if asked > 0 else DEFAULT


def token(signed_at: dt.datetime, letter_id: uuid.UUID) -> str:
    """Return the token of the page after this letter."""
    return base64.urlsafe_b64encode(f"{signed_at.isoformat()}|{letter_id}".encode()).decode().rstrip("=")


def opened(text: str) -> tuple[dt.datetime, uuid.UUID] | None:
    """Return what a token says, None for the first page; InvalidFields for what is no token."""
    if not text:
        return None
    try:
        at, _, letter_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("|")
        # astimezone: what claims no zone is compared all the same, and finds nothing that is not the caller's
        return dt.datetime.fromisoformat(at).astimezone(dt.UTC), uuid.UUID(letter_id)
    except (ValueError, OverflowError) as wrong:
        error = FieldError("page_token", "token", "Halaman tidak dikenal.", "The page token is not known.")
        raise InvalidFields(fields=[error]) from wrong
