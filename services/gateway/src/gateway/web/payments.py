"""Pay a bill by virtual account or QRIS, follow the payment, keep the receipt."""

from __future__ import annotations

import io

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1.payments_pb2 import (
    CHANNEL_QRIS,
    CHANNEL_VA,
    CancelPaymentRequest,
    GetPaymentRequest,
    ListMyPaymentsRequest,
    ListMyPaymentsResponse,
    Payment,
    ReceiptRequest,
    StartPaymentRequest,
)

from gateway.edge import citizen_required, idempotent
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _
from gateway.web.chrome import page
from gateway.web.entries import Entry
from gateway.web.files import as_download
from gateway.web.water import bill_list, bill_page

pages = Blueprint("payments", __name__)
_CHANNELS = {"va": CHANNEL_VA, "qris": CHANNEL_QRIS}


@pages.post("/bayar")
@citizen_required
@idempotent
def start() -> ResponseReturnValue:
    """Start a payment of the chosen bills."""
    entry, chosen = Entry.typed(), request.form.getlist("bill_id")
    channel = _CHANNELS.get(entry["channel"])
    entry.values.setdefault("channel", "")
    if channel is None:
        entry.reject("channel", _("Pilih cara membayar."))
    if not chosen:
        entry.general, entry.status = _("Pilih paling sedikit satu tagihan."), 422
    if not entry.wrong:
        with entry.catching():
            payment = services().payments.Start(StartPaymentRequest(bill_ids=chosen, channel=channel or CHANNEL_VA))
            return redirect(f"/pembayaran/{payment.payment_id}", 303)
    return bill_page(entry["dari"], entry) if entry["dari"] else bill_list(entry)


@pages.get("/pembayaran")
@citizen_required
def listing() -> ResponseReturnValue:
    """Show the person's payments."""
    found, failure = tried(lambda: services().payments.ListMine(ListMyPaymentsRequest(page_token=page_token())))
    found = found or ListMyPaymentsResponse()
    return page("water/payments.html", payments=found.payments, next_token=found.next_page_token, failure=failure)


def _get(payment_id: str) -> Payment:
    return services().payments.Get(GetPaymentRequest(payment_id=payment_id))


@pages.get("/pembayaran/<payment_id>")
@citizen_required
def detail(payment_id: str) -> ResponseReturnValue:
    """Show how to pay, and whether it was paid."""
    return page("water/payment.html", payment=_get(payment_id))


@pages.get("/pembayaran/<payment_id>/keadaan")
@citizen_required
def state(payment_id: str) -> Response:
    """Say a payment's state, with an ETag, for a script that polls."""
    response = jsonify(state=_get(payment_id).state)
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@pages.get("/pembayaran/<payment_id>/qr.svg")
@citizen_required
def code(payment_id: str) -> Response:
    """Draw the QRIS code."""
    import segno

    payload = _get(payment_id).qris_payload
    if not payload:
        abort(404)
    out = io.BytesIO()
    segno.make(payload, error="m", micro=False).save(out, kind="svg", scale=4, border=4, xmldecl=False, dark="#000", light="#fff")
    return current_app.response_class(out.getvalue(), mimetype="image/svg+xml")


@pages.get("/pembayaran/<payment_id>/bukti")
@citizen_required
def receipt(payment_id: str) -> Response:
    """Hand out the receipt."""
    found = services().payments.Receipt(ReceiptRequest(payment_id=payment_id), timeout=10)
    return as_download(found.content, found.file_name, "application/pdf")


@pages.post("/pembayaran/<payment_id>/batal")
@citizen_required
@idempotent
def cancel(payment_id: str) -> ResponseReturnValue:
    """Cancel a payment that was not made."""
    entry = Entry.typed()
    with entry.catching():
        services().payments.Cancel(CancelPaymentRequest(payment_id=payment_id))
        return redirect(f"/pembayaran/{payment_id}?ok=batal", 303)
    return page("water/payment.html", entry, payment=_get(payment_id))
