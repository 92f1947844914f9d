"""Handlers of one's own routes over both agencies: errands, and where one is told of them."""

from __future__ import annotations

import msgspec
from chassis.errors import FieldError, InvalidFields
from flask import g

from gateway import errands, inbox
from gateway.api import answers
from gateway.edge import gateway
from gateway.edge.context import address
from gateway.errands import Errand
from gateway.identity import contacts


def my_errands(agency: str, open: str, page_token: str) -> answers.Errands:  # noqa: A002 - named as the query
    """List the person's errands."""
    wrong = [
        FieldError(name, "choice", f"Isian {name} tidak dikenal.", f"The field {name} is not known.")
        for name, value, known in (("agency", agency, {"", "singo", "twuin"}), ("open", open, {"", "true", "false"}))
        if value not in known
    ]
    if wrong:
        raise InvalidFields(fields=wrong)
    wanted = None if not open else open == "true"
    with gateway().db.transaction(readonly=True) as session:
        found = errands.page(session, g.person.id, agency=agency, open_only=wanted, page_token=page_token)
    return answers.Errands([_errand(each) for each in found.entries], found.next_page_token)


def _errand(one: Errand) -> answers.Errand:
    said = g.language
    steps = [answers.ErrandStep(step.state, step.text(said), step.at) for step in one.steps]
    return answers.Errand(
        errand_id=one.id, agency=one.agency, kind=one.kind, subject_id=one.subject_id, reference=one.reference,  # type: ignore[arg-type]  # of the table
        title=one.title(said), state=one.state, state_text=one.state_text(said), open=one.open, with_whom=one.with_whom,
        with_whom_text=one.whom_text(said), due_on=one.due_on, late=one.late, link=one.link, began_at=one.began_at,
        updated_at=one.updated_at, steps=steps,
    )  # fmt: skip


def preferences() -> answers.Preferences:
    """Return where the person is told."""
    own = gateway()
    with own.db.transaction(readonly=True) as session:
        chosen = inbox.choices(session, g.person.id)
        email = contacts.masked_email(contacts.proved_email(session, own.vault, g.person.id))
    return answers.Preferences(**chosen, email=email)  # type: ignore[arg-type]  # channels, as the table holds them


def set_preferences(body: answers.Choices) -> answers.Preferences:
    """Keep the channels that were named."""
    own = gateway()
    with own.db.transaction() as session:
        inbox.choose(session, own.vault, g.person.id, msgspec.to_builtins(body))
    return preferences()


def begin_email(body: answers.Email) -> answers.EmailProof:
    """Send a code to an e-mail address."""
    pending = contacts.begin_email(gateway().means, g.person.id, body.email, address=address())
    return answers.EmailProof(pending.request_id, pending.sent_to, pending.expires_at)


def confirm_email(proof_id: str, body: answers.Code) -> None:
    """Keep the address."""
    contacts.confirm_email(gateway().means, g.person.id, proof_id, body.code, address=address())


def forget_email() -> None:
    """Forget the address, and choose nothing in its place."""
    own = gateway()
    contacts.forget_email(own.means, g.person.id)
    with own.db.transaction() as session:
        inbox.without_email(session, g.person.id)
