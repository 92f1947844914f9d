"""What is sealed about a connection's holder, and the answers of the layers above that a connection's picture needs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chassis.crypto import Vault
from sqlalchemy.orm import Session

from twuin.connections.model import phone_of
from twuin.connections.tables import ConnectionRow

PHONE = "phone"  # the kind of blind index


@dataclass(frozen=True, slots=True)
class Holders:
    """Opens and seals holders' data; asks for meters' serials and the last bill's amount, which belong to layers above."""

    vault: Vault
    meter_serials: Callable[[Session, Sequence[uuid.UUID]], Mapping[uuid.UUID, str]]
    last_bill_amount: Callable[[Session, uuid.UUID], int | None]

    def name(self, row: ConnectionRow) -> str:
        """Return the holder's name."""
        return self.vault.open(row.holder_name, bound=bound(row.connection_id, "holder_name"))

    def address(self, row: ConnectionRow) -> str:
        """Return the address of the connection."""
        return self.vault.open(row.address, bound=bound(row.connection_id, "address"))

    def phone(self, row: ConnectionRow) -> str | None:
        """Return the registered phone, None when there is none."""
        return self.vault.open(row.phone, bound=bound(row.connection_id, "phone")) if row.phone is not None else None

    def phone_index(self, text: str) -> bytes | None:
        """Return the blind index of a phone however it is written, None for what is no phone."""
        phone = phone_of(text)
        return self.vault.index(phone, of=PHONE) if phone else None


def bound(connection_id: uuid.UUID, column: str) -> str:
    """Return the place that a sealed value of a connection is bound to."""
    return f"connections:{connection_id}:{column}"
