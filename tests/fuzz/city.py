"""A whole platform with people in it, for tests that attack it: each role signed in, things to aim at, and canaries to find."""

import base64
import contextlib
import json
import os
import threading
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from chassis import rpc, testing
from chassis.testing.servers import free_port

from deploy.local import demo, run
from deploy.local.demo import Person
from deploy.local.programs import Platform
from deploy.local.state import State
from deploy.local.supervision import Supervisor

CASES = int(os.environ.get("FUZZ_CASES", "1200"))  # of one fuzzer; `make fuzz` asks for more
# What a sensible person would put into a field, by its name; ids come from answers.
SENSIBLE: dict[str, object] = {
    "text": "Aspal berlubang sedalam mata kaki di depan pasar.", "reason": "Alasan yang cukup panjang untuk dibaca semua orang.",
    "note": "Sudah diperiksa di tempat.", "kelurahan": "35.73.03.1008", "language": "id", "channel": "va", "category": "road",
    "kind": "domisili", "purpose": "check", "position": {"latitude": -7.97, "longitude": 112.65}, "address": "Jl. Danau Toba 5",
    "rating": 4, "volume": 25, "group": "IIIA", "month": "2026-10", "day": "2026-11-20", "version": 1, "page_size": 20,
    "reasons": [{"field": "", "text": "Foto KTP tidak terbaca"}], "outcome": "repaired", "household": True, "amount": 1000,
}  # fmt: skip
MUCH = "1000000"
GIVEN = {
    "LOG_LEVEL": "warning", "GATEWAY_RATE_SIGN_IN_PER_MINUTE": MUCH, "GATEWAY_RATE_PER_MINUTE": MUCH,
    "GATEWAY_UPSTREAM_TIMEOUT": "25", "GATEWAY_RATE_PERSON_PER_MINUTE": MUCH, "GATEWAY_RATE_REPORTS_PER_HOUR": MUCH,
}  # fmt: skip


@dataclass
class City:
    """The running platform, who is signed in, and ids by the name under which answers showed them."""

    state: State
    platform: Platform
    people: dict[str, Person] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)  # how the citizen signs in
    subjects: dict[str, str] = field(default_factory=dict)
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    secrets: set[str] = field(default_factory=set)  # what only its owner and staff may ever see

    @property
    def url(self) -> str:
        return self.platform.url

    def target(self, service: str) -> str:
        return self.platform.services["gateway"][f"GATEWAY_{service.upper()}_TARGET"]

    def log(self, process: str) -> str:
        return (self.state.logs / f"{process}.log").read_text(encoding="utf-8", errors="replace")

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
def running(home: Path) -> Iterator[City]:
    """Start a platform and fill it."""
    with contextlib.ExitStack() as stack:
        state = State(home)
        state.prepare()
        port = str(free_port())
        keys = stack.enter_context(keys_of_ours_too(f"http://127.0.0.1:{port}/.well-known/jwks.json"))
        platform = Platform.plan(state, GIVEN | {"PORT": port, "SINGO_JWKS_URL": keys, "TWUIN_JWKS_URL": keys})
        supervisor = Supervisor(state, platform.programs)
        stack.callback(supervisor.stop)
        run.start(state, platform, supervisor)
        run.start_rest(platform, supervisor)
        city = City(state, platform)
        fill(city)
        yield city


def fill(city: City) -> None:
    """Sign everybody in and let the citizen have one of everything."""
    signins: dict[str, Any] = city.state.read("signins")
    home = city.state.home
    with contextlib.redirect_stdout(None):
        owner, who = demo.register(city.url, signins["people"], home)
        other, _ = demo.register(city.url, signins["people"], home)
    city.people = {"nobody": Person(city.url), "citizen": owner, "other": other}
    for entry in signins["staff"]:
        if entry["role"] not in city.people:
            city.people[entry["role"]] = demo.sign_in_staff(city.url, entry)
    for role, person in city.people.items():
        if person.token:
            payload = person.token.split(".")[1]
            city.subjects[role] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]
    city.owner = who
    city.secrets = {who["nik"], who["kk"], who["name"], who["phone"], "+62" + who["phone"].lstrip("0")}
    with contextlib.suppress(demo.Surprise):
        connection = next(each for each in signins["connections"] if demo._links(owner, each))
        city.learn(connection)
    furnish(city, owner)
    report(city, owner)


def furnish(city: City, owner: Person) -> None:
    """Let the citizen have a draft, a letter, a bill and a payment; what they are called is learned from every list."""
    body = {"kind": "domisili", "fields": demo.fill(owner.call("GET", "/charter/kinds/domisili")["form_schema"])}
    for stage in ("draft", "submitted", "signed"):
        draft = owner.call("POST", "/applications", body, expect=201)
        where = f"/applications/{draft['application_id']}"
        for requirement in owner.call("GET", "/charter/kinds/domisili")["requirements"]:
            if requirement["required"]:
                scan = (f"{requirement['code']}.png", demo.picture())
                city.learn(owner.call("POST", f"{where}/attachments", {"requirement": requirement["code"]}, file=scan, expect=201))
        if stage != "draft":
            owner.call("POST", f"{where}/submit", {})
        if stage == "signed":
            office = f"/office{where}"
            for role, step in (("officer", "claim"), ("officer", "approve"), ("lurah", "sign")):
                city.people[role].call("POST", f"{office}/{step}", {})
    bills = owner.call("GET", "/bills")["bills"]
    open_bill = next(bill["bill_id"] for bill in bills if bill["state"] == "open")
    city.learn(owner.call("POST", "/payments", {"bill_ids": [open_bill], "channel": "va"}, expect=201))
    for path in ("/applications", "/letters", "/connections", "/bills", "/payments", "/me", "/me/sessions", "/charter/kinds"):
        city.learn(owner.call("GET", path))


def report(city: City, owner: Person) -> None:
    """File reports, and learn what the desks of staff show."""
    body = {name: SENSIBLE[name] for name in ("category", "text", "position", "kelurahan")}
    for category in ("road", "water_leak"):
        with contextlib.suppress(demo.Surprise):  # it needs a photo, or is not offered in this city
            city.learn(owner.call("POST", "/complaints", body | {"category": category}, expect=201))
    for role, path in (("officer", "/office/applications"), ("officer", "/office/complaints"), ("crew", "/water/work-orders"),
                       ("operator", "/water/leaks"), ("operator", "/water/work-orders"), ("lurah", "/office/letters"),
                       ("water_cs", "/water/runs"), ("nobody", "/complaints/public")):  # fmt: skip
        answer = raw(city.people[role], "GET", path)
        if answer.ok:
            city.learn(answer.json())


def raw(person: Person, method: str, path: str, **keywords: Any) -> requests.Response:
    """Send one request below /api/v1 as it is, with a fresh key."""
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Accept-Language": "id"} | keywords.pop("headers", {})
    if person.token:
        headers["Authorization"] = f"Bearer {person.token}"
    return requests.request(method, f"{person.url}/api/v1{path}", headers=headers, timeout=30, allow_redirects=False, **keywords)
