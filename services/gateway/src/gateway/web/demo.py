"""Pages of the demo: the mailbox that stands for people's phones, and a bank to play. They exist in demo mode only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1.payments_pb2 import SimulatePaymentRequest

from gateway.edge import gateway, idempotent, public
from gateway.identity.model import check_phone
from gateway.messages import mailbox
from gateway.web.calls import digits, services
from gateway.web.catalog import _
from gateway.web.chrome import page
from gateway.web.entries import Entry

pages = Blueprint("demo", __name__, url_prefix="/demo")
P = ParamSpec("P")


def demo_only(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Answer 404 outside of demo mode."""

    @wraps(view)
    def inner(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not gateway().settings.demo:
            abort(404)
        return view(*args, **kwargs)

    return inner


@pages.get("/mailbox")
@public
@demo_only
def messages() -> ResponseReturnValue:
    """Show text messages and e-mail that the demo "sent"."""
    entry = Entry.asked()
    phone = check_phone(entry["ke"])
    wanted = phone if isinstance(phone, str) else entry["ke"] or None
    with gateway().db.transaction(readonly=True) as session:
        found = mailbox(session, gateway().vault, to=wanted)
    return page("demo/mailbox.html", entry, messages=found)


@pages.get("/bank")
@public
@demo_only
def bank() -> ResponseReturnValue:
    """Offer to play the bank."""
    prefilled = {"va_number": request.args.get("va", ""), "qris_payload": request.args.get("qris", "")}
    return page("demo/bank.html", Entry(prefilled), delivered=None)


@pages.post("/bank")
@public
@demo_only
@idempotent
def pay() -> ResponseReturnValue:
    """Pay as a bank would: the local provider then calls back."""
    entry, delivered = Entry.typed(), None
    asked = SimulatePaymentRequest(
        va_number="".join(entry["va_number"].split()), qris_payload=entry["qris_payload"], amount=_whole(entry, "amount", 0),
        deliveries=_whole(entry, "deliveries", 1),
    )  # fmt: skip
    if not asked.va_number and not asked.qris_payload:
        entry.reject("va_number", _("Ketik nomor virtual account atau isi kode QRIS."))
    if not entry.wrong:
        with entry.catching(missing=True):
            delivered = services().payments.SimulatePayment(asked, timeout=10)
    return page("demo/bank.html", entry, delivered=delivered)


def _whole(entry: Entry, name: str, otherwise: int) -> int:
    if not entry[name]:
        return otherwise
    value = digits(entry[name])
    if value is None:
        entry.reject(name, _("Tulis bilangan bulat."))
        return otherwise
    return min(value, 2**31 - 1) if name == "deliveries" else value
