"""Says the letters as they are now again, for projections of them that are rebuilt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from address import address_hash
from chassis.crypto import Vault
from chassis.outbox import Again
from sqlalchemy.orm import Session

from singo.letters.registry import revoked_fact
from singo.letters.service import draft_of, issued_fact
from singo.letters.tables import ISSUED, Letter

_PAGE = 500  # letters of one query


def state(session: Session, vault: Vault, address_key: bytes) -> Iterator[Again]:
    """Yield the facts of every issued letter, and of its revocation where it was taken back, with the versions they had."""
    last = uuid.UUID(int=0)
    while rows := session.scalars(ISSUED.where(Letter.id > last).order_by(Letter.id).limit(_PAGE)).all():
        for row in rows:
            home = draft_of(row, vault).page.certifies
            assert row.signed_at is not None
            hashed, key = address_hash(address_key, home) if home else "", str(row.id)
            yield Again(issued_fact(row, hashed), key, row.version - (row.revoked_at is not None), row.signed_at)
            if row.revoked_at is not None:
                yield Again(revoked_fact(row), key, row.version, row.revoked_at)
        last = rows[-1].id
