"""Pages of lists in the order of a text and an id: an opaque token says after which entry the next page begins."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import TypeVar

from chassis.errors import FieldError, InvalidFields

T = TypeVar("T")
USUAL, MOST = 20, 100


def size_of(asked: int) -> int:
    """Return the page size for what was asked; 0 asks for the usual one."""
    return min(asked, MOST) if asked > 0 else USUAL


def token_of(key: str, identity: uuid.UUID) -> str:
    """Return the token of the page after the entry with that sort key and id."""
    return base64.urlsafe_b64encode(f"{key}|{identity}".encode()).rstrip(b"=").decode()


def after(token: str) -> tuple[str, uuid.UUID] | None:
    """Return sort key and id of the entry after which a page begins, None for the first page; InvalidFields for no token."""
    if not token:
        return None
    try:
        key, _, identity = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition("|")
        return key, uuid.UUID(identity)
    except (binascii.Error, ValueError):
        raise unknown() from None


def unknown() -> InvalidFields:
    """Return the refusal of something that is no token."""
    return InvalidFields(
        fields=[FieldError("page_token", "unknown", "Penanda halaman tidak dikenal.", "The page token is not known.")]
    )  # fmt: skip
