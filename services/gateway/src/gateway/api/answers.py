"""Bodies and answers of the gateway's own routes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType


class Body(Struct, forbid_unknown_fields=True):
    """What a client sends; a field that is not known is refused."""


class Nothing(Body):
    """An empty object."""


class NewCitizen(Body):
    """Who wants an account."""

    nik: Annotated[str, Meta(description="16 digits")]
    kk: Annotated[str, Meta(description="No. KK, 16 digits")]
    name: Annotated[str, Meta(description="As on the KTP")]
    birth_date: Annotated[str, Meta(description="YYYY-MM-DD")]
    phone: Annotated[str, Meta(description="Mobile phone, 08… or +62…")]
    password: Annotated[str, Meta(description="At least 10 characters")]
    email: str = ""
    language: str = "id"


class Registration(Struct):
    """What was begun, and where its code went."""

    registration_id: str
    sent_to: str
    expires_at: dt.datetime


class Code(Body):
    """A one-time code."""

    code: str


class Citizen(Struct):
    """The account just opened."""

    citizen_id: str


class Credentials(Body):
    """NIK or phone, and password."""

    identifier: str
    password: str


class StaffCredentials(Body):
    """User name, password and the present code of the second factor, or a recovery code."""

    username: str
    password: str
    code: str


class Tokens(Struct):
    """A short access token and the refresh token that follows it."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    refresh_expires_at: dt.datetime


class RefreshToken(Body):
    """A refresh token."""

    refresh_token: str


class Identifier(Body):
    """NIK or phone."""

    identifier: str


class NewPassword(Body):
    """The code and the new password."""

    code: str
    password: str


class NewPhone(Body):
    """Who proves who they are again, and the phone that shall count."""

    nik: str
    kk: str
    birth_date: str
    new_phone: str


class PhoneChange(Struct):
    """A phone that counts after the waiting time."""

    phone: str
    effective_at: dt.datetime


class Me(Struct):
    """The account, with numbers masked; the address as the population registry has it."""

    citizen_id: str
    name: str
    nik: str
    kk: str
    phone: str
    email: str
    language: str
    loa: int
    created_at: dt.datetime
    address: str
    rt: str
    rw: str
    kelurahan: str


class Language(Body):
    """A language of the portal."""

    language: str


class PasswordChange(Body):
    """The present and the new password."""

    present: str
    new: str


class SessionEntry(Struct):
    """One session."""

    session_id: str
    client: str
    agent: str
    created_at: dt.datetime
    seen_at: dt.datetime
    current: bool


class Sessions(Struct):
    """Where I am signed in."""

    sessions: list[SessionEntry]


class Ended(Struct):
    """How many sessions ended."""

    ended: int


class View(Struct):
    """One look at my data."""

    at: dt.datetime
    who: str
    office: str
    purpose: str
    what: str


class Views(Struct):
    """Who looked at my data, newest first."""

    views: list[View]


class Notice(Struct):
    """One notice, in the language asked for."""

    notice_id: str
    code: str
    title: str
    text: str
    link: str
    at: dt.datetime
    read: bool


class Notices(Struct):
    """My notices, newest first."""

    notices: list[Notice]
    unread: int
    next_page_token: str


class Unread(Struct):
    """How many notices are unread."""

    unread: int


class ConnectionNumber(Body):
    """The number on the water bill."""

    connection_number: str


class PhoneProof(Struct):
    """A proof that waits for its code."""

    proof_id: str
    phone_masked: str
    expires_at: str


class DemoMessage(Struct):
    """A message of the demo's mailbox."""

    to: str
    body: str
    code: str
    at: dt.datetime


class DemoMessages(Struct):
    """The newest messages first."""

    messages: list[DemoMessage]


class BankTransfer(Body):
    """What a person types at the bank: the number, the amount (0 = the right one), how often the callback is delivered."""

    va_number: str = ""
    qris_payload: str = ""
    amount: Annotated[int, Meta(ge=0, le=10**12)] = 0
    deliveries: Annotated[int, Meta(ge=0, le=20)] = 1


class BankAnswer(Struct):
    """What the bank says."""

    payment_id: str
    deliveries: int


class GuestPhone(Body):
    """A mobile phone, of somebody without an account."""

    phone: Annotated[str, Meta(description="Mobile phone, 08… or +62…")]


class GuestCode(Body):
    """The code that came to the phone."""

    registration_id: str
    code: str


class GuestToken(Struct):
    """A token of a guest, for reports only; it lasts as long as the session, which another code begins anew."""

    access_token: str
    token_type: str
    expires_in: int


Channel = Literal["none", "sms", "email"]


class Preferences(Struct):
    """Where else than in the inbox I am told, by kind of matter; `email` is masked and empty unless proved."""

    errands: Channel
    bills: Channel
    water: Channel
    email: str


class Choices(Body):
    """The channels to change."""

    errands: Channel | UnsetType = UNSET
    bills: Channel | UnsetType = UNSET
    water: Channel | UnsetType = UNSET


class Email(Body):
    """An e-mail address; a code goes there."""

    email: str


class EmailProof(Struct):
    """A proof that waits for its code."""

    proof_id: str
    sent_to: str
    expires_at: dt.datetime


class ErrandStep(Struct):
    """A step of an errand, in the language asked for."""

    state: str
    text: str
    at: dt.datetime


class Errand(Struct):
    """An errand at one of the agencies: where it stands, who has it and until when."""

    errand_id: str
    agency: Literal["singo", "twuin"]
    kind: Literal["letter", "complaint", "new_connection", "bill"]
    subject_id: str
    reference: str
    title: str
    state: str
    state_text: str
    open: bool
    with_whom: str
    with_whom_text: str
    due_on: str
    late: bool
    link: str
    began_at: dt.datetime
    updated_at: dt.datetime
    steps: list[ErrandStep]


class Errands(Struct):
    """My errands over both agencies, last changed first."""

    errands: list[Errand]
    next_page_token: str
