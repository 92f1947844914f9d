"""Selects with named columns that other capabilities compose."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa

from twuin.connections.model import State
from twuin.connections.tables import ConnectionRow, LinkRow


def billable() -> sa.Select[uuid.UUID, str, str, str]:
    """Select connection_id, number, tariff_group, zone of the connections that are billed: the active ones."""
    return sa.select(ConnectionRow.connection_id, ConnectionRow.number, ConnectionRow.tariff_group, ConnectionRow.zone).where(
        ConnectionRow.state == State.ACTIVE.value
    )


def links() -> sa.Select[uuid.UUID, str]:
    """Select connection_id, citizen_id of every account that is linked now."""
    return sa.select(LinkRow.connection_id, LinkRow.citizen_id).where(LinkRow.unlinked_at.is_(None))


def links_ever() -> sa.Select[uuid.UUID, str, dt.datetime, dt.datetime]:
    """Select connection_id, citizen_id, linked_at, unlinked_at (null while it holds) of every link that ever was."""
    return sa.select(LinkRow.connection_id, LinkRow.citizen_id, LinkRow.linked_at, LinkRow.unlinked_at)


def directory() -> sa.Select[uuid.UUID, str, str, str, str, int]:
    """Select connection_id, number, tariff_group, zone, kelurahan, state of every connection."""
    return sa.select(
        ConnectionRow.connection_id, ConnectionRow.number, ConnectionRow.tariff_group,
        ConnectionRow.zone, ConnectionRow.kelurahan, ConnectionRow.state,
    )  # fmt: skip
