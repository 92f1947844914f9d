"""Messages that leave the platform: text messages and e-mail, queued with their cause and sent outside of transactions.

`queue(session, vault, to=…, body=…)` writes one; `deliver_due(db, vault, carriers)` sends what waits (jobs process);
`mailbox(session, vault, …)` is what the demo mailbox page shows.
"""

from gateway.messages.carriers import Carrier, Carriers, Mailbox, NotSent, SmsGateway, Smtp, carriers_of
from gateway.messages.service import Letterbox, deliver_due, mailbox, purge, queue

__all__ = [
    "Carrier",
    "Carriers",
    "Letterbox",
    "Mailbox",
    "NotSent",
    "SmsGateway",
    "Smtp",
    "carriers_of",
    "deliver_due",
    "mailbox",
    "purge",
    "queue",
]
