"""People who go on with their errands while things fail: each effect is asked for with one key until it is acknowledged."""

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests
from history import History, Step

from deploy.local import visitors
from deploy.local.visitors import Person

PATIENCE = 90  # seconds that a person goes on asking
WAIT = 300  # seconds that a person waits for what a fact brings; a consumer that dies holds its share of the facts for some
THINKING = 0.1  # seconds between two steps
_LATER = {401, 409, 425, 429, 500, 502, 503, 504}  # asked again: nobody was told that it is done
_FRESH = 400  # seconds after which a token is renewed
_SIGN_IN = threading.Lock()  # of staff, whom several people meet: a one-time code is good for one sign-in


class Gone(Exception):  # noqa: N818 - the drill is over
    """The drill ends while somebody still asks."""


class Errands(threading.Thread):
    """Somebody who does one errand after the other."""

    def __init__(self, running: Any, history: History, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.running, self.history, self.stop = running, history, stop
        person, self.someone = visitors.register(running.url, running.signins["people"], running.home)
        self._made, self._token = time.monotonic(), person.token
        self.citizen_id = str(person.call("GET", "/me")["citizen_id"])
        history.people.add(self.citizen_id)

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.errand()
            except Gone:
                return
            except Exception as wrong:  # noqa: BLE001 - whatever it is, it goes into the report
                self.history.surprise(f"{type(self).__name__}: {type(wrong).__name__}: {wrong}")
                self.stop.wait(0.5)

    def errand(self) -> None:
        raise NotImplementedError

    def person(self, role: str = "citizen") -> Person:
        """Return this citizen, or somebody of the staff: `role` and, behind a blank, which of those that have it."""
        if role != "citizen":
            kind, _, place = role.partition(" ")
            found = [entry for entry in self.running.signins["staff"] if entry["role"] == kind]
            with _SIGN_IN:
                return visitors.sign_in_staff(self.running.url, found[int(place or 0)])
        if time.monotonic() - self._made > _FRESH:
            who = {"identifier": self.someone["nik"], "password": self.someone["password"]}
            self._token = str(Person(self.running.url).call("POST", "/auth/tokens", who)["access_token"])
            self._made = time.monotonic()
        return Person(self.running.url, self._token)

    def ask(self, method: str, path: str, *, role: str = "citizen") -> Any:
        """Read something, until it is answered."""
        return self._until(None, lambda: requests.request(
            method, f"{self.running.url}/api/v1{path}", headers={"Authorization": f"Bearer {self.person(role).token}"}, timeout=20,
        ))  # fmt: skip

    def effect(self, kind: str, ident: str, path: str, body: Any, *, role: str = "citizen", file: bytes = b"") -> tuple[Any, Step]:
        """Ask for an effect with one key, until it is acknowledged; return the answer and the step."""
        self.stop.wait(THINKING)
        step = self.history.begin(kind, ident)
        key = str(uuid.uuid4())

        def send() -> requests.Response:
            headers = {"Authorization": f"Bearer {self.person(role).token}", "Idempotency-Key": key}
            what: dict[str, Any] = {"data": body, "files": {"file": ("scan.png", file)}} if file else {"json": body}
            return requests.post(f"{self.running.url}/api/v1{path}", headers=headers, timeout=20, **what)

        return self._until(step, send), step

    def _until(self, step: Step | None, send: Any) -> Any:
        until, said = time.monotonic() + PATIENCE, ""
        while time.monotonic() < until:
            if self.stop.is_set():
                raise Gone
            try:
                answer = send()
            except (requests.RequestException, visitors.Surprise, OSError) as wrong:
                said = str(wrong)
            else:
                said = f"{answer.status_code} {answer.text[:200]}"
                if answer.ok:
                    if step is not None:
                        self.history.acknowledge(step)
                    return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.content
                if answer.status_code not in _LATER:
                    break
            self.stop.wait(0.25)
        raise AssertionError(f"{step.kind if step else 'reading'} was never answered: {said}")

    def comes(self, found: Callable[[], Any]) -> Any:
        """Return what a fact brings, once it is there."""
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            if self.stop.is_set():
                raise Gone
            if answer := found():
                return answer
            self.stop.wait(0.4)
        raise AssertionError(f"a fact has brought nothing in {WAIT} s")
