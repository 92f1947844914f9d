"""Handlers of the identity routes: each calls one use case and translates."""

from __future__ import annotations

import re

import orjson
from chassis.principal import Unauthenticated
from flask import Response, g, request

from gateway import access_log, inbox, my_data
from gateway.api import answers
from gateway.edge import gateway
from gateway.edge.context import address, agent
from gateway.identity import guests, profile, recovery, registration, sessions, signin, staff_signin, tokens
from gateway.identity.challenges import Pending, masked_phone
from gateway.identity.sessions import NewSession
from gateway.messages import mailbox

_CODE = re.compile(r"\b\d{6}\b")


def register(body: answers.NewCitizen) -> answers.Registration:
    """Begin a registration."""
    form = {name: getattr(body, name) for name in body.__struct_fields__}
    return _pending(registration.begin(gateway().means, form, address=address()))


def register_resend(registration_id: str, body: answers.Nothing) -> answers.Registration:  # noqa: ARG001 - an empty object
    """Send another code."""
    return _pending(registration.resend(gateway().means, registration_id))


def register_verify(registration_id: str, body: answers.Code) -> answers.Citizen:
    """Open the account."""
    return answers.Citizen(registration.confirm(gateway().means, registration_id, body.code))


def sign_in(body: answers.Credentials) -> answers.Tokens:
    """Give tokens to a citizen."""
    new = signin.sign_in(gateway().means, body.identifier, body.password, address=address(), agent=agent(), client="api")
    return _tokens(new)


def sign_in_staff(body: answers.StaffCredentials) -> answers.Tokens:
    """Give tokens to a member of staff; who has not enrolled yet does that in the back office."""
    means = gateway().means
    second = staff_signin.begin(means, body.username, body.password, address=address())
    if second.asks == "enrol" or second.new_password:
        raise Unauthenticated
    done = staff_signin.finish(means, second.ticket, body.code, address=address(), agent=agent(), client="api")
    return _tokens(done.session)


def guest_code(body: answers.GuestPhone) -> answers.Registration:
    """Send a code to a guest's phone."""
    return _pending(guests.begin(gateway().means, body.phone, address=address(), language=g.language))


def guest_token(body: answers.GuestCode) -> answers.GuestToken:
    """Give a guest a token; there is none that refreshes it, for another code does."""
    means = gateway().means
    new = guests.confirm(means, body.registration_id, body.code, address=address(), agent=agent(), client="api")
    access, seconds = tokens.of_guest(means, new)
    return answers.GuestToken(access, "Bearer", seconds)


def refresh(body: answers.RefreshToken) -> answers.Tokens:
    """Exchange a refresh token."""
    return _pair(tokens.refresh(gateway().means, body.refresh_token))


def revoke(body: answers.RefreshToken) -> None:
    """End a refresh token's session."""
    tokens.revoke(gateway().means, body.refresh_token)


def password_reset(body: answers.Identifier) -> answers.Registration:
    """Begin setting a new password."""
    return _pending(recovery.begin_password(gateway().means, body.identifier, address=address()))


def password_reset_finish(registration_id: str, body: answers.NewPassword) -> None:
    """Set the new password."""
    recovery.finish_password(gateway().means, registration_id, body.code, body.password)


def phone_change(body: answers.NewPhone) -> answers.Registration:
    """Begin a change of phone."""
    begun = recovery.begin_phone(
        gateway().means, nik=body.nik, kk=body.kk, birth_date=body.birth_date, new_phone=body.new_phone, address=address()
    )  # fmt: skip
    return _pending(begun)


def phone_change_confirm(registration_id: str, body: answers.Code) -> answers.PhoneChange:
    """Prove the new phone."""
    waiting = recovery.confirm_phone(gateway().means, registration_id, body.code)
    return answers.PhoneChange(masked_phone(waiting.phone), waiting.effective_at)


def me() -> answers.Me:
    """Return the account, masked."""
    own = profile.details(gateway().means, g.person.id)
    home = own.profile
    return answers.Me(
        citizen_id=own.id, name=own.name, nik=_masked(own.nik), kk=_masked(own.kk), phone=masked_phone(own.phone), email=own.email,
        language=own.language, loa=own.loa, created_at=own.created_at, address=home.address, rt=home.rt, rw=home.rw,
        kelurahan=home.kelurahan,
    )  # fmt: skip


def _masked(number: str) -> str:
    return "•" * (len(number) - 4) + number[-4:]


def set_language(body: answers.Language) -> None:
    """Remember the language."""
    profile.set_language(gateway().means, g.person, body.language)


def change_password(body: answers.PasswordChange) -> None:
    """Change the password."""
    profile.change_password(gateway().means, g.person, body.present, body.new, address=address())


def my_sessions() -> answers.Sessions:
    """List where the person is signed in."""
    entries = [
        answers.SessionEntry(each.id, each.client, each.agent, each.created_at, each.seen_at, each.current)
        for each in sessions.open_sessions(gateway().means, g.person)
    ]
    return answers.Sessions(entries)


def end_session(session_id: str) -> None:
    """End one session of the person."""
    sessions.end(gateway().means, g.person, session_id)


def end_sessions(body: answers.Nothing) -> answers.Ended:  # noqa: ARG001 - an empty object
    """End all other sessions of the person."""
    return answers.Ended(sessions.end_everywhere(gateway().means, g.person, but_this=True))


def access_log_() -> answers.Views:
    """List who looked at the person's data."""
    with gateway().db.transaction(readonly=True) as session:
        found = access_log.views_of(session, g.person.id, page_size=100)
    return answers.Views([answers.View(v.at, v.viewer_role, v.office, v.purpose, v.subject_kind) for v in found.entries])


def export() -> Response:
    """Return everything that the platform keeps about the person."""
    own = gateway()
    kept = my_data.export(own.means, own.upstreams, g.person.id)
    response = Response(orjson.dumps(kept, option=orjson.OPT_INDENT_2), content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="data-saya.json"'
    return response


def notices(page_token: str) -> answers.Notices:
    """List the person's notices."""
    with gateway().db.transaction(readonly=True) as session:
        found = inbox.page(session, g.person.id, page_token=page_token)
        unread_now = inbox.summary(session, g.person.id).unread
    shown = []
    for each in found.entries:
        words = each.text(g.language)
        shown.append(answers.Notice(each.id, each.code, words.title, words.body, each.link, each.at, each.read))
    return answers.Notices(shown, unread_now, found.next_page_token)


def unread() -> Response:
    """Return the count of unread notices; 304 while nothing changed."""
    with gateway().db.transaction(readonly=True) as session:
        summary = inbox.summary(session, g.person.id)
    response = Response(orjson.dumps({"unread": summary.unread}), content_type="application/json")
    response.set_etag(summary.etag)
    return response.make_conditional(request)  # type: ignore[return-value] # the same response


def read_notice(notice_id: str, body: answers.Nothing) -> None:  # noqa: ARG001 - an empty object
    """Mark a notice as read."""
    with gateway().db.transaction() as session:
        inbox.mark_read(session, g.person.id, [notice_id])


def demo_messages(to: str) -> answers.DemoMessages:
    """List the demo's text messages, to one phone when it is named."""
    own = gateway()
    with own.db.transaction(readonly=True) as session:
        found = mailbox(session, own.vault, to=to or None)
    return answers.DemoMessages([answers.DemoMessage(m.to, m.body, _code_in(m.body), m.at) for m in found])


def _code_in(body: str) -> str:
    code = _CODE.search(body)
    return code[0] if code else ""


def _pending(pending: Pending) -> answers.Registration:
    return answers.Registration(pending.request_id, pending.sent_to, pending.expires_at)


def _tokens(new: NewSession) -> answers.Tokens:
    return _pair(tokens.issue(gateway().means, new))


def _pair(pair: tokens.Pair) -> answers.Tokens:
    return answers.Tokens(pair.access_token, "Bearer", pair.expires_in, pair.refresh_token, pair.refresh_expires_at)
