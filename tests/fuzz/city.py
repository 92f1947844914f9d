"""A whole platform with people in it, for tests that attack it: each role signed in, things to aim at, and canaries to find."""

import contextlib
import itertools
import json
import os
import threading
import urllib.request
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import requests
from callers import rows
from chassis import rpc, testing
from chassis.testing.servers import free_port
from gateway.api import openapi
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from running import Running, started
from valid import OPERATIONS, Case, case_of
from world import World, settle

from deploy.local.demo import Person, Surprise

T = TypeVar("T")
CASES = int(os.environ.get("FUZZ_CASES", "900"))  # of one fuzzer; `make fuzz` asks for more
STAFF = ("officer", "lurah", "water_cs", "cashier", "crew", "operator", "admin")
AGAIN = ("problem:conflict", "problem:deadline", "problem:unavailable")


@dataclass
class City:
    """The running platform, who lives there, and ids by the name under which answers showed them."""

    running: Running
    world: World
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def owner(self) -> dict[str, str]:
        """Return how the citizen signs in."""
        return self.world.who

    @property
    def people(self) -> dict[str, Person]:
        w = self.world
        return {"nobody": w.nobody, "citizen": w.a, "other": w.b, **w.staff, "crew": w.crews[0]}

    @property
    def secrets(self) -> set[str]:
        """Return what only the citizen and staff may ever see."""
        who = self.owner
        return {who["nik"], who["kk"], who["name"], who["phone"], "0" + who["phone"].removeprefix("+62")}

    def target(self, service: str) -> str:
        return self.running.platform.services["gateway"][f"GATEWAY_{service.upper()}_TARGET"]

    def log(self, process: str) -> str:
        return (self.running.state.logs / f"{process}.log").read_text(encoding="utf-8", errors="replace")

    def forgive(self) -> None:
        """Forget who has tried too often."""
        rows(self.running, "gateway", "delete from throttle")
        rows(self.running, "twuin", "delete from proof_tries")

    def stage(self, name: str) -> Case:
        """Make what an operation's valid call needs."""
        self.forgive()
        case = self._staged(name)
        self.learn(case.ids | (case.body or {}))
        return case

    def _staged(self, name: str) -> Case:
        for _ in range(5):
            try:
                return case_of(self.world, name)
            except Surprise as wrong:  # a busy machine answers that one may try again, and so does a person
                if not any(code in str(wrong) for code in AGAIN):
                    raise
        return case_of(self.world, name)

    def learn(self, answer: Any) -> None:
        """Remember every id in an answer by its name."""
        if isinstance(answer, dict):
            for name, value in answer.items():
                if isinstance(value, str) and value and (name.endswith(("_id", "code", "number", "reference", "kind", "period"))):
                    self.ids[name].add(value)
                self.learn(value)
        elif isinstance(answer, list):
            for each in answer[:20]:
                self.learn(each)


@contextlib.contextmanager
def keys_of_ours_too(jwks: str) -> Iterator[str]:
    """Publish the gateway's keys with the tests' own beside them, so that tests may speak to the services as anybody."""
    own = rpc.jwks({testing.minter().kid: testing.minter().key.public_key()})["keys"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                with urllib.request.urlopen(jwks, timeout=5) as answer:
                    known = json.loads(answer.read())["keys"]
            except OSError:
                known = []
            body = json.dumps({"keys": known + own}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/jwks.json"
    server.shutdown()


@contextlib.contextmanager
def inhabited(home: Path) -> Iterator[City]:
    """Start a platform and let people live in it."""
    port = str(free_port())
    with keys_of_ours_too(f"http://127.0.0.1:{port}/.well-known/jwks.json") as keys:
        given = {"PORT": port, "GATEWAY_UPSTREAM_TIMEOUT": "25", "SINGO_JWKS_URL": keys, "TWUIN_JWKS_URL": keys}
        with started("postgresql", home, given) as running:
            yield City(running, settle(running))


def sent(case: Case) -> dict[str, Any]:
    """Return query, body and headers of a case as `requests` takes them."""
    wanted: dict[str, Any] = {"params": case.query, "headers": case.headers}
    if case.file:
        return wanted | {"files": {"file": case.file}, "data": case.body}
    if case.raw is not None:
        return wanted | {"data": case.raw}
    return wanted if case.body is None else wanted | {"json": case.body}


def call(person: Person, name: str, case: Case) -> requests.Response:
    """Call an operation as somebody."""
    operation = OPERATIONS[name]
    quoted = {each: requests.utils.quote(value, safe="") for each, value in case.ids.items()}
    return raw(person, operation.method, operation.path.format(**quoted), **sent(case))


def raw(person: Person, method: str, path: str, **keywords: Any) -> requests.Response:
    """Send one request below /api/v1 as it is, with a fresh key."""
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Accept-Language": "id"} | keywords.pop("headers", {})
    if person.token:
        headers["Authorization"] = f"Bearer {person.token}"
    return requests.request(method, f"{person.url}/api/v1{path}", headers=headers, timeout=30, allow_redirects=False, **keywords)


@dataclass
class Aim:
    """A valid call of an operation, made anew when it was used up."""

    city: City
    name: str
    left: int = 2
    case: Case = field(init=False)

    def __post_init__(self) -> None:
        self.case = self.city.stage(self.name)

    def used_up(self) -> None:
        """Make another one, as often as the demo's city has things enough."""
        if self.left:
            self.left -= 1
            self.case = self.city.stage(self.name)


class Score:
    """How often each operation, and each role, was answered in which way, and what was wrong."""

    def __init__(self) -> None:
        self.operations: dict[str, Counter[str]] = defaultdict(Counter)
        self.roles: dict[str, Counter[str]] = defaultdict(Counter)
        self.wrong: list[str] = []

    def count(self, name: str, role: str, outcome: str) -> None:
        self.operations[name][outcome] += 1
        self.roles[role][outcome] += 1

    @property
    def total(self) -> int:
        return sum(counts.total() for counts in self.operations.values())

    def unreached(self, good: str) -> list[str]:
        """Return what was never answered with `good`."""
        return [name for name, counts in self.operations.items() if not counts[good]]

    def table(self, title: str, good: str) -> str:
        reached = len(self.operations) - len(self.unreached(good))
        lines = [f"\n{title}: {self.total} calls, {reached} of {len(self.operations)} reached with valid data ({good})"]
        for each in (self.roles, self.operations):
            for name, counts in sorted(each.items()):
                others = "  ".join(f"{outcome} {number}" for outcome, number in sorted(counts.items()) if outcome != good)
                lines.append(f"  {name:48} {good} {counts[good]:5}  {others}")
        return "\n".join(lines)


def drawn(strategy: st.SearchStrategy[T], count: int) -> Iterator[T]:
    """Return as many examples as asked for, the same at every run; of a small choice they come again."""
    found: list[T] = []

    @seed(2026)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def draw(example: T) -> None:
        found.append(example)

    draw()
    return itertools.islice(itertools.cycle(found), count)


def owned(name: str) -> bool:
    """Tell whether an operation reaches a thing of one citizen by its id."""
    operation = OPERATIONS[name]
    by_id = any(parameter.endswith("_id") for parameter in openapi.parameters(operation.path))
    return by_id and operation.who in {"citizen", "reporter", "signed_in"}
