"""Money that was paid for what is not made after all: owed back to its payer."""

from __future__ import annotations

import uuid

from chassis import outbox
from malang.twuin.v1.payments_events_pb2 import PaymentToRefund
from sqlalchemy.orm import Session

from twuin import billing
from twuin.payments.model import Reason
from twuin.payments.tables import PaymentRow


def owe_back(session: Session, bill_id: uuid.UUID, reason: Reason) -> int:
    """Owe back what was paid for a connection that is not made after all, once, and say so; return rupiah.

    The payment stays paid, with its receipt: other bills may have been paid with it. The ledger holds what goes back.
    """
    payment_id, amount = billing.give_back(session, bill_id)
    payment = session.get_one(PaymentRow, payment_id, with_for_update=True)
    payment.version += 1
    fact = PaymentToRefund(payment_id=str(payment_id), citizen_id=payment.citizen_id, amount=amount, reason=reason.value)
    outbox.append(session, fact, key=str(payment_id), sequence=payment.version)
    return amount
