"""People who use the platform all the time: each request on a connection of its own and never asked twice, and whole errands."""

import itertools
import json
import secrets
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any, Self

from deploy.local.state import ROOT
from deploy.local.visitors import Person

PAUSE = 0.15  # seconds between two requests of one citizen
MIDST, KELURAHAN = (-7.9180, 112.6560), "35.73.01.1001"  # far from where the errands report their leak
READS = ("/", "/api/v1/charter/kinds", "/api/v1/me/errands", "/api/v1/complaints", "/api/v1/connections")


@dataclass(frozen=True)
class Answer:
    """One request: when it was asked, what it was, what came of it."""

    at: float
    what: str
    status: int  # 0 where there was no answer at all
    said: str


@dataclass
class Load:
    """Threads of citizens between `with` and its end; what they asked and what they filed."""

    url: str
    signins: dict[str, Any]
    answers: list[Answer] = field(default_factory=list)
    filed: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Sign everybody in and let them begin."""
        for citizen in self.signins["citizens"]:
            body = {"identifier": citizen["nik"], "password": citizen["password"]}
            token = Person(self.url).call("POST", "/auth/tokens", body)["access_token"]
            self._threads.append(threading.Thread(target=self._visit, args=(token,), daemon=True))
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Let everybody finish what they asked."""
        self._stop.set()
        for each in self._threads:
            each.join(40)

    def since(self, moment: float) -> list[Answer]:
        """Return what was asked after a moment of the monotonic clock."""
        return [each for each in self.answers if each.at >= moment]

    def _visit(self, token: str) -> None:
        for turn in itertools.count():
            if self._stop.wait(PAUSE):
                return
            if turn % 6 == 5:
                self._report(token)
            else:
                self._ask("GET", READS[turn % 6 % len(READS)], token)

    def _report(self, token: str) -> None:
        latitude, longitude = (middle + (secrets.randbelow(6001) - 3000) / 1_000_000 for middle in MIDST)
        body = {
            "category": "water_leak", "text": "Air keluar dari tanah di tepi jalan.", "kelurahan": KELURAHAN,
            "address": "Di depan pos ronda", "position": {"latitude": latitude, "longitude": longitude},
        }  # fmt: skip
        if told := self._ask("POST", "/api/v1/complaints", token, body):
            self.filed.append(filed := str(json.loads(told)["complaint_id"]))
            self._ask("GET", f"/api/v1/complaints/{filed}", token)

    def _ask(self, method: str, path: str, token: str, body: dict[str, Any] | None = None) -> bytes | None:
        headers = {"Authorization": f"Bearer {token}"} if path.startswith("/api/") else {}
        headers |= {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"} if body else {}
        data = json.dumps(body).encode() if body else None
        asked = time.monotonic()
        try:
            request = urllib.request.Request(self.url + path, data, headers, method=method)
            with urllib.request.urlopen(request, timeout=30) as answer:
                content: bytes = answer.read()
                self.answers.append(Answer(asked, f"{method} {path}", answer.status, ""))
                return content
        except urllib.error.HTTPError as wrong:
            self.answers.append(Answer(asked, f"{method} {path}", wrong.code, wrong.read()[:300].decode(errors="replace")))
        except OSError as wrong:
            self.answers.append(Answer(asked, f"{method} {path}", 0, f"{type(wrong).__name__}: {wrong}"))
        return None


@dataclass
class Errands:
    """The four errands, driven from their beginning to their end over and over."""

    done: int = 0
    broken: list[str] = field(default_factory=list)  # the last words of each round that met a surprise
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin."""
        self._thread = threading.Thread(target=self._drive, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Finish."""
        self.finish()

    def finish(self) -> None:
        """Let the round that is going on come to its end; no other begins."""
        self._stop.set()
        if self._thread:
            self._thread.join(300)

    def _drive(self) -> None:
        while not self._stop.is_set():
            asked = [sys.executable, "-m", "deploy.cluster", "demo"]
            told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
            if told.returncode:
                self.broken.append((told.stdout + told.stderr)[-1500:])
            else:
                self.done += 1
