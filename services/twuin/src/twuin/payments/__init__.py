"""Payments of bills through a provider: paid once, however often the callback comes."""

from twuin.payments.jobs import jobs
from twuin.payments.local import LocalProvider
from twuin.payments.model import Reason
from twuin.payments.provider import Provider
from twuin.payments.refunds import owe_back
from twuin.payments.seed import pay_in_demo
from twuin.payments.service import waits

__all__ = ["LocalProvider", "Provider", "Reason", "jobs", "owe_back", "pay_in_demo", "waits"]
