"""Double entry as transfers of one row each: zero-sum by construction, never changed once booked."""

from twuin.ledger.model import Account, Kind, Transfer, balances
from twuin.ledger.service import book, book_set, entry, trial_balance

__all__ = ["Account", "Kind", "Transfer", "balances", "book", "book_set", "entry", "trial_balance"]
