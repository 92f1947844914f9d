"""How a service is, said to an admin: processes, outbox, lag, dead letters, jobs; and a re-drive, with its reason kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chassis import clock, inbox, outbox, principal, telemetry
from chassis.db import Database, heartbeat
from chassis.errors import FieldError, InvalidFields
from chassis.rpc.rules import access, staff

if TYPE_CHECKING:  # a process that takes no facts loads what does when it first re-drives
    from chassis.consumer import Subscription

_PAGE, _MOST = 50, 200
_SHORTEST, _LONGEST = 10, 300  # characters of a reason
_DIGITS = 18  # of an id, at most: so many fit into the database's integers
_MARGIN = 1.0  # seconds of a call that are left for its answer
ADMIN = staff("admin")

log = telemetry.logger(__name__)


class Platform:
    """Answers RPC service Platform. The chassis knows no message, so `messages` is the module that was generated for it.

    `processes` are the names of those that a whole service has, `subscriptions` gives what a re-drive needs.
    """

    def __init__(
        self,
        messages: Any,
        db: Database,
        service: str,
        *,
        build: tuple[str, str],
        processes: Sequence[str],
        subscriptions: Callable[[], Sequence[Subscription]],
    ) -> None:
        """Take what it speaks of; `build` is the version and the revision of this process."""
        self._messages, self._db, self._service, self._build = messages, db, service, build
        self._processes, self._subscriptions = processes, subscriptions

    @access(ADMIN)
    def GetStatus(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002 - named and called as the contract says
        """Return how the service is."""
        from chassis.consumer import count_open

        said, now = self._messages, clock.now()
        with self._db.transaction(readonly=True) as session:
            processes = heartbeat.processes(session)
            answer = said.Status(
                service=self._service, version=self._build[0], revision=self._build[1], expected=self._processes,
                dead_letters=count_open(session, self._service),
                outbox=[said.Backlog(topic=topic, facts=facts, oldest_at=at) for topic, facts, at in outbox.unsent(session)],
                jobs=[_message(said.Job, row) for row in heartbeat.job_runs(session)],
                interventions=[_message(said.Intervention, row) for row in heartbeat.interventions(session)],
            )  # fmt: skip
        behind: dict[str, int] = {}
        for row in processes:
            alive = now - row.seen_at < heartbeat.SILENT
            answer.processes.append(_message(said.Process, row, alive=alive, ready=alive and row.ready))
            for topic, facts in row.lag.items() if alive else ():
                behind[topic] = behind.get(topic, 0) + facts
        answer.lag.extend(said.Backlog(topic=topic, facts=facts) for topic, facts in sorted(behind.items()))
        return answer

    @access(ADMIN)
    def ListDeadLetters(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002 - as above
        """Return open dead letters, oldest first."""
        from chassis.consumer import open_letters

        said, size = self._messages, min(max(request.page_size or _PAGE, 1), _MOST)
        after = _after(request.page_token)
        with self._db.transaction(readonly=True) as session:
            rows = open_letters(session, self._service, after=after, most=size + 1)
        more = str(rows[size - 1].id) if len(rows) > size else ""
        letters = [_message(said.DeadLetter, row, letter_id=row.id, fact=row.type, said_at=row.time) for row in rows[:size]]
        return said.ListDeadLettersResponse(letters=letters, next_page_token=more)

    @access(ADMIN)
    def Redrive(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002 - as above
        """Let dead letters have their effect; who did it, why, and what came of it stays written."""
        reason = " ".join(request.reason.split())
        if not _SHORTEST <= len(reason) <= _LONGEST:
            raise InvalidFields(fields=[_REASON])
        with self._db.transaction() as session:
            return inbox.once(session, request, self._messages.RedriveResponse, lambda: self._redrive(session, request, reason))

    def _redrive(self, session: Any, request: Any, reason: str) -> Any:
        from chassis.consumer import redrive

        def enough() -> bool:
            left = telemetry.remaining()
            return left is not None and left < _MARGIN

        done = redrive(self._db, self._service, self._subscriptions(), beside=request.letter_id, enough=enough)
        who, outcome = principal.current().subject, f"{done.resolved} resolved, {done.open} open"
        heartbeat.intervened(session, who, "redrive", reason=reason, outcome=outcome)
        log.info("redriven", subject=who, letter_id=request.letter_id, resolved=done.resolved, open=done.open)
        return self._messages.RedriveResponse(resolved=done.resolved, open=done.open)


def _after(token: str) -> int:
    """Return the id of the letter before a page; InvalidFields for what is no such token."""
    if not token:
        return 0
    if not (token.isascii() and token.isdecimal() and len(token) <= _DIGITS):
        raise InvalidFields(fields=[_TOKEN])
    return int(token)


_TOKEN = FieldError("page_token", "page_token", "Penanda halaman tidak dikenal.", "The page token is not known.")
_REASON = FieldError(
    "reason",
    "length",
    f"Tulis alasannya, {_SHORTEST} sampai {_LONGEST} huruf.",
    f"Say why, in {_SHORTEST} to {_LONGEST} characters.",
)


def _message(kind: Any, row: Any, **more: object) -> Any:
    """Return a row as a message: the columns that are fields of it, and what is given besides."""
    values = {**row._mapping, **more}  # noqa: SLF001 - SQLAlchemy's own name for it
    return kind(**{field.name: values[field.name] for field in kind.DESCRIPTOR.fields if field.name in values})
