"""Bills: issued for the whole city in one run, each able to explain itself block by block."""

from twuin.billing.connecting import arrears, cancel, give_back, issue_connection
from twuin.billing.model import BLOCK, CONNECTION, Line, State, Surcharges, kind_of, month_of, number_of
from twuin.billing.queries import owed
from twuin.billing.run import Progress
from twuin.billing.service import BillNotFound, Payable, closed, explained, last_bill_amount, lines, payable, run_period, settle

__all__ = [
    "BLOCK",
    "CONNECTION",
    "BillNotFound",
    "Line",
    "Payable",
    "Progress",
    "State",
    "Surcharges",
    "arrears",
    "cancel",
    "closed",
    "explained",
    "give_back",
    "issue_connection",
    "kind_of",
    "last_bill_amount",
    "lines",
    "month_of",
    "number_of",
    "owed",
    "payable",
    "run_period",
    "settle",
]
