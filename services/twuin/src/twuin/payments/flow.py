"""What takes the provider and the database in turns: a named state stands between them, and jobs finish what was cut off."""

from __future__ import annotations

import uuid

from chassis import telemetry
from chassis.db import Database

from twuin.payments import service
from twuin.payments.model import Channel, State
from twuin.payments.provider import Provider, Unavailable
from twuin.payments.tables import PaymentRow

log = telemetry.logger(__name__)


def open_order(db: Database, provider: Provider, payment_id: uuid.UUID) -> bool:
    """Ask the provider for the order of a STARTING payment and note it; False when it did not answer."""
    with db.transaction(readonly=True) as session:
        payment = session.get_one(PaymentRow, payment_id)
    if payment.state != State.STARTING.value:
        return True
    try:
        order = provider.create(str(payment_id), Channel(payment.channel), payment.amount, payment.expires_at)
    except Unavailable:
        # Whether it acted is unknown: the state says so, and the jobs enquire.
        log.warning("provider did not answer", payment_id=str(payment_id))
        return False
    with db.transaction() as session:
        service.opened(session, payment_id, order)
    return True


def close_order(provider: Provider, payment_id: uuid.UUID) -> None:
    """Close an order that nobody should pay any more; money that comes all the same goes back."""
    try:
        provider.cancel(str(payment_id))
    except Unavailable:
        log.warning("order stays open at the provider", payment_id=str(payment_id))


def resolve(db: Database, provider: Provider, *, older_than_s: float = 5.0) -> int:
    """Enquire after payments whose order the provider has not answered for; return how many are settled now."""
    with db.transaction(readonly=True) as session:
        waiting = service.unanswered(session, older_than_s=older_than_s)
    settled = 0
    for payment_id in waiting:
        try:
            order = provider.enquire(str(payment_id))
        except Unavailable:
            continue
        if order is None:
            settled += open_order(db, provider, payment_id)
        else:
            with db.transaction() as session:
                service.opened(session, payment_id, order)
            settled += 1
    return settled


def expire(db: Database, provider: Provider) -> int:
    """Let payments end whose time is over or whose bills others paid, and close their orders; return how many."""
    with db.transaction() as session:
        ended = service.expire(session)
    for payment_id in ended:
        close_order(provider, payment_id)
    return len(ended)
