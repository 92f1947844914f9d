"""Page tokens: opaque to callers, the last row's sort key inside."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import uuid

from chassis.errors import FieldError, InvalidFields

DEFAULT, MOST = 20, 100


def size_of(asked: int) -> int:
    """Return how many rows a page has."""
    return min(asked, MOST) if asked > 0 else DEFAULT


def token(key: str, row: uuid.UUID) -> str:
    """Return the token of the page after the row with this sort key and id."""
    return base64.urlsafe_b64encode(f"{key}|{row}".encode()).decode().rstrip("=")


def opened(text: str) -> tuple[str, uuid.UUID] | None:
    """Return sort key and id of a token, None for the first page; InvalidFields for what is no token."""
    if not text:
        return None
    try:
        key, _, row = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("|")
        return key, uuid.UUID(row)
    except (ValueError, binascii.Error) as wrong:
        raise bad() from wrong


def opened_at(text: str) -> tuple[dt.datetime, uuid.UUID] | None:
    """Return instant and id of the token of a list that is ordered by instants, None for the first page."""
    if (read := opened(text)) is None:
        return None
    try:
        return dt.datetime.fromisoformat(read[0]).astimezone(dt.UTC), read[1]
    except (ValueError, OverflowError) as wrong:
        raise bad() from wrong


def opened_on(text: str) -> tuple[dt.date, uuid.UUID] | None:
    """Return day and id of the token of a list that is ordered by days, None for the first page."""
    if (read := opened(text)) is None:
        return None
    try:
        return dt.date.fromisoformat(read[0]), read[1]
    except ValueError as wrong:
        raise bad() from wrong


def bad() -> InvalidFields:
    """Return the refusal of something that is no token."""
    return InvalidFields(fields=[FieldError("page_token", "token", "Halaman tidak dikenal.", "The page token is not known.")])
