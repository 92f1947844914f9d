"""Bills: issued for the whole city in one run, each able to explain itself block by block."""

from twuin.billing.model import BLOCK, Line, State, Surcharges, number_of
from twuin.billing.run import Progress
from twuin.billing.service import BillNotFound, Payable, closed, explained, last_bill_amount, lines, payable, run_period, settle

__all__ = [
    "BLOCK",
    "BillNotFound",
    "Line",
    "Payable",
    "Progress",
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
