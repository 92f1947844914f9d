"""Those who carry a message: a text message service over HTTP, a mail server, and the mailbox of the demo."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import orjson

from gateway.settings import Settings

_TIMEOUT = 10  # seconds


class NotSent(Exception):  # noqa: N818 - named as what happened
    """The carrier did not take the message; it is tried again."""


class Carrier(Protocol):
    """Takes a message to a person; raises NotSent."""

    def send(self, *, to: str, subject: str, body: str, reference: str) -> None:
        """Hand the message over; `reference` lets the carrier recognise one that comes twice."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Carries nothing: the mailbox page shows what is in the table."""

    def send(self, *, to: str, subject: str, body: str, reference: str) -> None:
        """Leave the message where it is."""


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """A text message service: POST of JSON with a bearer token. One that takes a key once makes a repeated request harmless."""

    url: str
    token: str
    sender: str
    timeout: float = _TIMEOUT

    def send(self, *, to: str, subject: str, body: str, reference: str) -> None:  # noqa: ARG002 - a text message has no subject
        """Send one text message."""
        content = orjson.dumps({"to": to, "from": self.sender, "text": body, "reference": reference})
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}", "Idempotency-Key": reference}
        request = urllib.request.Request(self.url, content, headers)  # noqa: S310 - carriers_of checked the scheme
        try:
            with urllib.request.urlopen(request, timeout=self.timeout):  # noqa: S310 - as above
                return
        except OSError as wrong:  # HTTP errors are OSErrors too
            raise NotSent(str(wrong)) from wrong


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server, smtp:// (STARTTLS where offered) or smtps://.

    SMTP knows no key: an answer that was lost means another delivery, which mailboxes tell by its Message-ID.
    """

    url: str
    sender: str

    def send(self, *, to: str, subject: str, body: str, reference: str) -> None:
        """Send one e-mail."""
        import smtplib
        from email.message import EmailMessage

        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, to, subject
        mail["Message-ID"] = f"<{reference}@{self.sender.rpartition('@')[2]}>"
        mail.set_content(body)
        where = urllib.parse.urlsplit(self.url)
        connect = smtplib.SMTP_SSL if where.scheme == "smtps" else smtplib.SMTP
        try:
            with connect(where.hostname or "localhost", where.port or 0, timeout=_TIMEOUT) as server:
                if where.scheme == "smtp" and server.has_extn("starttls"):
                    server.starttls()
                if where.username:
                    server.login(urllib.parse.unquote(where.username), urllib.parse.unquote(where.password or ""))
                server.send_message(mail)
        except (OSError, smtplib.SMTPException) as wrong:
            raise NotSent(str(wrong)) from wrong


Carriers = Mapping[str, Carrier]  # by channel


def carriers_of(settings: Settings) -> Carriers:
    """Return the carriers that `settings` name."""
    if settings.sms == "mailbox":
        return {"sms": Mailbox(), "email": Smtp(settings.smtp_url, settings.mail_from) if settings.smtp_url else Mailbox()}
    if not settings.sms_url.startswith(("https://", "http://")):
        raise SystemExit("settings: GATEWAY_SMS_URL is required and not set (GATEWAY_SMS is http)")
    carriers: dict[str, Carrier] = {"sms": SmsGateway(settings.sms_url, settings.sms_token, settings.sms_sender)}
    if settings.smtp_url:
        carriers["email"] = Smtp(settings.smtp_url, settings.mail_from)
    return carriers
