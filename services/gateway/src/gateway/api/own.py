"""The table of routes that the gateway answers itself: identity, one's own data, callbacks, and the demo's levers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.api import answers, identity_routes, my_routes, platform_routes, water_routes


@dataclass(frozen=True)
class Own:
    """One route of the gateway's own: path parameters, query and body are the handler's arguments."""

    method: str
    path: str
    name: str
    tag: str
    who: str  # anyone, citizen, reporter, staff, signed_in
    summary: str
    handler: Callable[..., Any]
    body: Any = None  # a msgspec.Struct; "file" is for uploads
    answer: Any = None  # a msgspec.Struct
    status: int = 200
    keyed: bool = False
    query: tuple[str, ...] = ()
    file: str = ""
    limit: str = ""  # counts under this name towards the limit of guesses


_identity, _my, _water, _platform = identity_routes, my_routes, water_routes, platform_routes

OWN: tuple[Own, ...] = (
    Own("POST", "/auth/registrations", "register", "identity", "anyone", "Begin a registration; a code goes to the phone", _identity.register, answers.NewCitizen, answers.Registration, 202, keyed=True, limit="register"),
    Own("POST", "/auth/registrations/{registration_id}/resend", "register_resend", "identity", "anyone", "Send another code", _identity.register_resend, answers.Nothing, answers.Registration, 202, limit="code"),
    Own("POST", "/auth/registrations/{registration_id}/verify", "register_verify", "identity", "anyone", "Prove the phone and open the account", _identity.register_verify, answers.Code, answers.Citizen, 201, keyed=True, limit="code"),
    Own("POST", "/auth/tokens", "tokens_issue", "identity", "anyone", "Sign in as a citizen", _identity.sign_in, answers.Credentials, answers.Tokens, limit="sign_in"),
    Own("POST", "/auth/staff/tokens", "tokens_issue_staff", "identity", "anyone", "Sign in as staff, with the second factor", _identity.sign_in_staff, answers.StaffCredentials, answers.Tokens, limit="sign_in"),
    Own("POST", "/auth/tokens/refresh", "tokens_refresh", "identity", "anyone", "Exchange a refresh token; one used twice ends its family", _identity.refresh, answers.RefreshToken, answers.Tokens, limit="refresh"),
    Own("POST", "/auth/tokens/revoke", "tokens_revoke", "identity", "anyone", "End what a refresh token stands for", _identity.revoke, answers.RefreshToken, None, 204),
    Own("POST", "/auth/password-resets", "password_reset", "identity", "anyone", "Forgotten password: a code goes to the phone", _identity.password_reset, answers.Identifier, answers.Registration, 202, keyed=True, limit="code"),
    Own("POST", "/auth/password-resets/{registration_id}/finish", "password_reset_finish", "identity", "anyone", "Set the new password", _identity.password_reset_finish, answers.NewPassword, None, 204, limit="code"),
    Own("POST", "/auth/phone-changes", "phone_change", "identity", "anyone", "Lost or changed phone: prove NIK, KK and birth date again", _identity.phone_change, answers.NewPhone, answers.Registration, 202, keyed=True, limit="code"),
    Own("POST", "/auth/phone-changes/{registration_id}/confirm", "phone_change_confirm", "identity", "anyone", "Prove the new phone; it counts after the waiting time", _identity.phone_change_confirm, answers.Code, answers.PhoneChange, 202, limit="code"),
    Own("GET", "/me", "me", "identity", "citizen", "What the account knows of me, masked", _identity.me, None, answers.Me),
    Own("PUT", "/me/language", "me_language", "identity", "signed_in", "Choose the language", _identity.set_language, answers.Language, None, 204),
    Own("PUT", "/me/password", "me_password", "identity", "citizen", "Change the password", _identity.change_password, answers.PasswordChange, None, 204, limit="sign_in"),
    Own("GET", "/me/sessions", "me_sessions", "identity", "signed_in", "Where I am signed in", _identity.my_sessions, None, answers.Sessions),
    Own("DELETE", "/me/sessions/{session_id}", "me_session_end", "identity", "signed_in", "Sign out one session", _identity.end_session, None, None, 204),
    Own("POST", "/me/sessions/end", "me_sessions_end", "identity", "signed_in", "Sign out everywhere else", _identity.end_sessions, answers.Nothing, answers.Ended),
    Own("GET", "/me/access-log", "me_access_log", "identity", "citizen", "Siapa melihat data saya: who looked at my data, and why", _identity.access_log_, None, answers.Views),
    Own("GET", "/me/export", "me_export", "identity", "citizen", "Everything the platform keeps about me", _identity.export, file="application/json"),
    Own("GET", "/me/notices", "me_notices", "identity", "citizen", "My inbox over both agencies", _identity.notices, None, answers.Notices, query=("page_token",)),
    Own("GET", "/me/notices/unread", "me_notices_unread", "identity", "citizen", "How many notices are unread (with an ETag)", _identity.unread, None, answers.Unread),
    Own("POST", "/me/notices/{notice_id}/read", "me_notice_read", "identity", "citizen", "Mark a notice as read", _identity.read_notice, answers.Nothing, None, 204),
    Own("GET", "/me/errands", "me_errands", "identity", "citizen", "My errands over both agencies, last changed first", _my.my_errands, None, answers.Errands, query=("agency", "open", "page_token")),
    Own("GET", "/me/preferences", "me_preferences", "identity", "citizen", "Where else than in the inbox I am told", _my.preferences, None, answers.Preferences),
    Own("PUT", "/me/preferences", "me_preferences_set", "identity", "citizen", "Choose where I am told, by kind of matter", _my.set_preferences, answers.Choices, answers.Preferences),
    Own("POST", "/me/email", "me_email", "identity", "citizen", "Set an e-mail address: a code goes there", _my.begin_email, answers.Email, answers.EmailProof, 202, keyed=True, limit="code"),
    Own("POST", "/me/email/{proof_id}/verify", "me_email_verify", "identity", "citizen", "Prove the e-mail address; from then on it counts", _my.confirm_email, answers.Code, None, 204, limit="code"),
    Own("DELETE", "/me/email", "me_email_forget", "identity", "citizen", "Forget my e-mail address", _my.forget_email, None, None, 204),
    Own("POST", "/auth/guests/codes", "guest_code", "identity", "anyone", "Report without an account: a code goes to the phone", _identity.guest_code, answers.GuestPhone, answers.Registration, 202, keyed=True, limit="guest"),
    Own("POST", "/auth/guests/tokens", "guest_token", "identity", "anyone", "Prove the phone; the token is good for reports only", _identity.guest_token, answers.GuestCode, answers.GuestToken, limit="guest"),
    Own("POST", "/connections/phone-proofs", "connections_beginPhoneProof", "twuin", "citizen", "Prove a connection by its registered phone", _water.begin_phone_proof, answers.ConnectionNumber, answers.PhoneProof, 201, keyed=True, limit="code"),
    Own("POST", "/payments/callbacks/{provider}", "payments_callback", "twuin", "anyone", "Of the payment provider; its signature over the raw body authorises it", _water.callback, file="application/json"),
    Own("GET", "/platform", "platform_status", "platform", "staff", "How the three services are: processes, outbox, lag, dead letters, jobs; admins", _platform.status, None, platform_routes.Platform),
    Own("GET", "/platform/{service}/dead-letters", "platform_listDeadLetters", "platform", "staff", "Facts that wait to be driven again, without what they carry; admins", _platform.dead_letters, None, platform_routes.DeadLetters, query=("page_token",)),
    Own("POST", "/platform/{service}/dead-letters/redrive", "platform_redrive", "platform", "staff", "Let them have their effect, once each, with a reason that stays written; admins", _platform.redrive, platform_routes.Redrive, platform_routes.Redriven, keyed=True),
    Own("GET", "/demo/messages", "demo_messages", "demo", "anyone", "The demo's mailbox of text messages", _identity.demo_messages, None, answers.DemoMessages, query=("to",)),
    Own("POST", "/demo/bank/payments", "demo_bank", "demo", "citizen", "Pay as a bank or wallet would", _water.demo_bank, answers.BankTransfer, answers.BankAnswer, 202),
)  # fmt: skip
