"""Payments of bills through a provider: paid once, however often the callback comes."""

from twuin.payments.jobs import jobs
from twuin.payments.local import LocalProvider
from twuin.payments.provider import Provider
from twuin.payments.refunds import owe_back
from twuin.payments.seed import pay_in_demo

__all__ = ["LocalProvider", "Provider", "jobs", "owe_back", "pay_in_demo"]
