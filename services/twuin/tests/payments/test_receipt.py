"""A receipt is an accessible PDF that says what was paid for what."""

from __future__ import annotations

import datetime as dt
import re

from malang.twuin.v1 import billing_pb2, tariffs_pb2
from twuin.payments import receipt
from twuin.payments.model import Channel

PAID_AT = dt.datetime(2026, 11, 24, 11, 30, tzinfo=dt.UTC)


def one(**changes: object) -> receipt.Receipt:
    line = tariffs_pb2.Line(code="block", name_id="Pemakaian 1–10 m³", quantity=10, unit_price=3550, amount=35_500)
    bill = billing_pb2.Bill(
        number="202610-12345678", connection_number="12345678", period="2026-10", volume=10, amount=35_500,
        previous_value=100, current_value=110, lines=[line], estimated=True,
    )  # fmt: skip
    values = {
        "number": "KW-2026-000000001", "channel": Channel.VA, "amount": 35_500, "paid_at": PAID_AT, "reference": "8897300000000001",
        "demo": True, "bills": [bill],
    }  # fmt: skip
    return receipt.Receipt(**{**values, **changes})


def test_a_receipt_claims_both_standards_and_has_structure_and_language() -> None:
    content = receipt.typeset(one())
    assert content.startswith(b"%PDF-1.7")
    assert re.search(rb"pdfuaid:part>\s*1<", content)
    assert re.search(rb"pdfaid:part>\s*3<", content)
    assert b"/StructTreeRoot" in content
    assert b"/Lang(id-ID)" in content.replace(b" ", b"")


def test_the_same_receipt_gives_the_same_bytes() -> None:
    assert receipt.typeset(one()) == receipt.typeset(one())


def test_what_somebody_typed_is_never_markup() -> None:
    hostile = one(reference='#read("/etc/passwd") *bold* $x$ \\ "quoted"')
    assert receipt.typeset(hostile).startswith(b"%PDF")


def test_a_receipt_of_24_bills_goes_over_several_pages() -> None:
    content = receipt.typeset(one(bills=list(one().bills) * 24))
    assert max(int(count) for count in re.findall(rb"/Count (\d+)", content)) >= 3


def test_the_cost_of_a_connection_has_no_meter_and_no_use() -> None:
    bill = billing_pb2.Bill(number="202611S-40000001", connection_number="40000001", period="2026-11", kind="connection")
    [about] = [part["about"] for part in receipt._said(one(bills=[bill]))["bills"]]
    assert about == "Sambungan baru 40000001 · biaya pemasangan"
    assert receipt.typeset(one(bills=[bill])).startswith(b"%PDF")


def test_amounts_months_and_moments_are_written_as_people_say_them() -> None:
    assert receipt.rupiah(1_234_567) == "Rp\u00a01.234.567"
    assert receipt.month("2026-02") == "Februari 2026"
    assert receipt.moment(PAID_AT) == "24 November 2026 pukul 18.30 WIB"
