"""Says the letters as they are now again, for projections of them that are rebuilt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from address import address_hash
from chassis.crypto import Vault
from chassis.outbox import Bulk
from sqlalchemy.orm import Session

from singo.letters.registry import revoked_fact
from singo.letters.service import draft_of, issued_fact
from singo.letters.tables import ISSUED, Letter

_PAGE = 500  # letters of one query


def state(session: Session, vault: Vault, address_key: bytes) -> Iterator[Bulk]:
    """Yield the facts of every issued letter, revoked ones with their revocation, under its present version."""
    last = uuid.UUID(int=0)
    while rows := session.scalars(ISSUED.where(Letter.id > last).order_by(Letter.id).limit(_PAGE)).all():
        for row in rows:
            home = draft_of(row, vault).page.certifies
            yield Bulk(issued_fact(row, address_hash(address_key, home) if home else ""), str(row.id), row.version)
            if row.revoked_at is not None:
                yield Bulk(revoked_fact(row), str(row.id), row.version)
        last = rows[-1].id
