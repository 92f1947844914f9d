"""Pages of lists that are read newest first: an opaque token says where the next page begins."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Generic, TypeVar

from chassis.errors import FieldError, InvalidFields

T = TypeVar("T")
USUAL, MOST = 20, 100


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some entries, and the token of the next page (empty at the end)."""

    entries: list[T]
    next_page_token: str


def size_of(asked: int) -> int:
    """Return the page size for what was asked; 0 asks for the usual one."""
    return min(asked, MOST) if asked > 0 else USUAL


def token_of(at: dt.datetime, identity: uuid.UUID) -> str:
    """Return the token of the page after the entry of that instant and id."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{identity}".encode()).rstrip(b"=").decode()


def after(token: str) -> tuple[dt.datetime, uuid.UUID] | None:
    """Return the entry after which a page begins, None for the first page; InvalidFields for a token that is none."""
    if not token:
        return None
    try:
        at, _, identity = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition("|")
        return dt.datetime.fromisoformat(at), uuid.UUID(identity)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise InvalidFields(
            fields=[FieldError("page_token", "unknown", "Penanda halaman tidak dikenal.", "The page token is not known.")]
        ) from None
