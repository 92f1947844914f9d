"""Takes facts from the bus: each has its effect once, in order where order matters; what fails for good is parked, not lost."""

from chassis.consumer.effects import transient
from chassis.consumer.letters import Redriven, count_open, open_letters, redrive
from chassis.consumer.loop import Consumer, behind
from chassis.consumer.subscription import Subscription
from chassis.inbox import Envelope, newer

__all__ = [
    "Consumer",
    "Envelope",
    "Redriven",
    "Subscription",
    "behind",
    "count_open",
    "newer",
    "open_letters",
    "redrive",
    "transient",
]
