"""Bills: issued for the whole city in one run, each able to explain itself block by block."""

from twuin.billing.model import Line, State, Surcharges, number_of
from twuin.billing.service import BillNotFound, Payable, closed, explained, last_bill_amount, lines, payable, run_period, settle

__all__ = [
    "BillNotFound",
    "Line",
    "Payable",
    "State",
    "Surcharges",
    "closed",
    "explained",
    "last_bill_amount",
    "lines",
    "number_of",
    "payable",
    "run_period",
    "settle",
]
