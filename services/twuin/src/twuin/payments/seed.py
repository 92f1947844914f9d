"""Old bills of the demo are paid by the same code as new ones: a payment, its order, a signed callback."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from chassis import clock
from chassis.db import Database

from twuin.payments import callbacks, flow, service, signing
from twuin.payments.local import LocalProvider, write
from twuin.payments.model import Channel, Money, State
from twuin.payments.tables import PaymentRow


def pay_in_demo(
    db: Database, provider: LocalProvider, *, citizen_id: str, bill_ids: Sequence[uuid.UUID], channel: Channel = Channel.VA,
    paid_at: dt.datetime | None = None,
) -> uuid.UUID:  # fmt: skip
    """Pay open bills as the citizen who is linked to them would; return the payment's id."""
    with db.transaction() as session:
        payment = service.start(session, citizen_id=citizen_id, bill_ids=bill_ids, channel=channel, provider=provider.name)
    flow.open_order(db, provider, payment.payment_id)
    now = clock.now()
    body = write(payment.payment_id, f"demo-{payment.payment_id.hex}", Money(payment.amount, paid_at or now))
    notice = provider.verify(signing.headers(provider.secret, uuid.uuid4().hex, now, body), body, now=now)
    with db.transaction() as session:
        callbacks.take(session, provider.name, notice, body)
    with db.transaction(readonly=True) as session:
        assert session.get_one(PaymentRow, payment.payment_id).state == State.PAID.value
    flow.close_order(provider, payment.payment_id)
    return payment.payment_id
