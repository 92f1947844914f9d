"""Signing: number reserved and committed, letter made and stored, `signed` committed; a retry goes on where one ended."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import ClassVar

from chassis import clock, faults, telemetry
from chassis.db import Database
from chassis.errors import Conflict
from chassis.principal import Principal
from sqlalchemy import select
from sqlalchemy.orm import Session

from singo import letters
from singo.applications import record
from singo.applications.means import Means
from singo.applications.model import Action, Event, State
from singo.applications.service import ApplicationNotFound, identify
from singo.applications.tables import Application, locked, of_area
from singo.charter import StepRole

log = telemetry.logger(__name__)


class SigningGoesOn(Conflict):
    """The letter is being made at this moment."""

    id: ClassVar[str] = "Surat sedang dibuat dan ditandatangani. Muat ulang sebentar lagi."
    en: ClassVar[str] = "The letter is being made and signed. Reload in a moment."


@dataclass(frozen=True, slots=True)
class Signing:
    """Signs applications. For `lease_seconds` after a try began, nobody else makes the same letter."""

    db: Database
    means: Means
    press: letters.Press
    lease_seconds: int = 30

    def sign(self, who: Principal, application_id: str) -> None:
        """Sign an application of the lurah's area; one that is signed already stays as it is."""
        with self.db.transaction() as session:
            row = locked(session, of_area(who.areas).where(Application.id == identify(application_id)))
            if row is None:
                raise ApplicationNotFound
            if row.standing.state is State.SIGNED:
                return
            draft = self._begun(session, row, who)
        self._finished(row.id, draft)

    def _begun(self, session: Session, row: Application, who: Principal) -> letters.LetterDraft:
        row.standing.require(Action.SIGN)
        role = row.standing.at_desk_of(who.subject, who.roles)
        if row.standing.state is State.SIGNING and row.signing_until and row.signing_until > clock.now():
            raise SigningGoesOn
        if row.standing.state is State.APPROVED:
            row.signer_id, row.signer_name = who.subject, who.name
            record.step(row, row.standing.signing(who.subject), Event.SIGNING, role, who.subject)
        return self._reserved(session, row)

    def _reserved(self, session: Session, row: Application) -> letters.LetterDraft:
        """Reserve the letter, the same one at each try, and hold the lease."""
        row.signing_until = clock.now() + dt.timedelta(seconds=self.lease_seconds)
        draft = letters.reserve(
            session,
            self.means.charter,
            self.means.vault,
            application_id=row.id,
            citizen_id=row.citizen_id,
            kind=self.means.charter.kind(row.kind),
            kelurahan=row.kelurahan,
            reference=row.reference,
            snapshot=self.means.applicant(row),
            fields=self.means.fields(row),
            signatory=row.signer_name,
        )
        row.letter_id = uuid.UUID(str(draft.letter_id))
        return draft

    def _finished(self, application_id: uuid.UUID, draft: letters.LetterDraft) -> None:
        try:
            produced = letters.produce(self.press, draft)
        except Exception:
            self._give_up_lease(application_id)
            raise
        faults.reach("pdf_signed")
        with self.db.transaction() as session:
            row = locked(session, select(Application).where(Application.id == application_id))
            if row is None or row.standing.state is not State.SIGNING:
                return  # somebody else finished it
            letters.issue(session, draft.letter_id, produced, signed_by=row.signer_id)
            row.signing_until = None
            record.step(row, row.standing.signed(), Event.SIGNED, StepRole.LURAH, row.signer_id)

    def _give_up_lease(self, application_id: uuid.UUID) -> None:
        with self.db.transaction() as session:
            row = locked(session, select(Application).where(Application.id == application_id))
            if row is not None and row.standing.state is State.SIGNING:
                row.signing_until = clock.now()

    def finish_stuck(self, most: int = 20) -> int:
        """Finish what a process that died left in signing; return how many were."""
        done = 0
        while done < most and (found := self._next_stuck()) is not None:
            self._finished(*found)
            log.info("stuck_signing_finished", application_id=str(found[0]))
            done += 1
        return done

    def _next_stuck(self) -> tuple[uuid.UUID, letters.LetterDraft] | None:
        late = select(Application).where(Application.state == State.SIGNING.value, Application.signing_until < clock.now())
        with self.db.transaction() as session:
            row = session.scalar(late.order_by(Application.signing_until).limit(1).with_for_update(skip_locked=True))
            return None if row is None else (row.id, self._reserved(session, row))
