"""Somebody at a keyboard: calls of the API over HTTP, codes, registration and sign-in; imports nothing of the platform."""

import base64
import hashlib
import hmac
import json
import struct
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 30  # seconds that a step which another process finishes may take


class Surprise(Exception):  # noqa: N818 - that is what it is
    """An answer that the errand did not expect."""


@dataclass
class Person:
    """Somebody at a keyboard: the gateway's URL and a token once signed in."""

    url: str
    token: str = ""

    def call(self, method: str, path: str, body: Any = None, *, expect: int = 200, file: tuple[str, bytes] | None = None) -> Any:
        """Call the API; return JSON or bytes, or raise Surprise."""
        headers = {"Accept-Language": "id", "Idempotency-Key": str(uuid.uuid4())}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data: bytes | None = None
        if file:
            data, headers["Content-Type"] = _multipart(body or {}, *file)
        elif body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers, method=method)  # noqa: S310 - our own gateway
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
                status, content, kind = answer.status, answer.read(), answer.headers.get_content_type()
        except urllib.error.HTTPError as wrong:
            status, content, kind = wrong.code, wrong.read(), wrong.headers.get_content_type()
        if status != expect:
            raise Surprise(f"{method} {path} answered {status}, not {expect}: {content.decode(errors='replace')[:600]}")
        return json.loads(content) if "json" in kind else content


def _multipart(fields: dict[str, str], name: str, content: bytes) -> tuple[bytes, str]:
    edge = uuid.uuid4().hex
    parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()]
    parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def totp(secret: str) -> str:
    """Return the present one-time code of a base32 secret (RFC 6238, SHA-1, 30 s, 6 digits)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def picture() -> bytes:
    """Return a small PNG that stands for a scanned document."""
    width, height = 320, 200
    row = b"\x00" + b"".join(bytes((200 + x % 40, 190, 170)) for x in range(width))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")


def wait_for(what: str, ask: Callable[[], Any]) -> Any:
    """Ask until the answer is something; Surprise when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.2)
    raise Surprise(f"{what} did not happen within {PATIENCE} s")


def step(text: str) -> None:
    """Print one step of an errand."""
    print(f"  ✓ {text}", flush=True)


def expect(truth: bool, sentence: str) -> None:
    """Raise Surprise with the sentence unless it is true."""
    if not truth:
        raise Surprise(sentence)


def code_sent_to(anyone: Person, phone: str, after: int) -> str:
    """Return the newest one-time code in the demo mailbox that was not there before."""

    def newest() -> str | None:
        messages = anyone.call("GET", f"/demo/messages?to={urllib.parse.quote(phone)}")["messages"]
        return messages[0]["code"] if len(messages) > after and messages[0]["code"] else None

    return str(wait_for(f"a code for {phone[:6]}…", newest))


def count_messages(anyone: Person, phone: str) -> int:
    """Return how many messages the demo mailbox holds for a phone."""
    return len(anyone.call("GET", f"/demo/messages?to={urllib.parse.quote(phone)}")["messages"])


SIGNED_IN: dict[tuple[str, str], tuple[float, Person]] = {}
_TOKEN_LIFE = 480  # seconds that an access token is used again here; a one-time code is good for one sign-in only


def sign_in_staff(url: str, staff: dict[str, str]) -> Person:
    """Sign a member of staff in with the second factor, once for several errands; waits where the present code was used already."""
    signed_in = SIGNED_IN.get((url, staff["username"]))
    if signed_in and time.monotonic() - signed_in[0] < _TOKEN_LIFE:
        return signed_in[1]
    for _ in range(3):
        body = {"username": staff["username"], "password": staff["password"], "code": totp(staff["totp_secret"])}
        try:
            answer = Person(url).call("POST", "/auth/staff/tokens", body)
        except Surprise as wrong:
            if "code_refused" not in str(wrong):
                raise
            time.sleep(30 - time.time() % 30 + 0.5)
            continue
        person = Person(url, answer["access_token"])
        SIGNED_IN[url, staff["username"]] = time.monotonic(), person
        return person
    raise Surprise(f"{staff['username']} cannot sign in")


def register(url: str, people: list[dict[str, str]], home: Path) -> tuple[Person, dict[str, str]]:
    """Register the next synthetic person who has no account yet, and sign in."""
    used_file = home / "demo-used.json"
    used = set(json.loads(used_file.read_text())) if used_file.exists() else set()
    someone = next((p for p in people if p["nik"] not in used), None)
    if someone is None:
        raise Surprise("every synthetic person has an account by now; `make reset` begins anew")
    used_file.write_text(json.dumps(sorted(used | {someone["nik"]})))
    anyone, password = Person(url), f"Demo-{uuid.uuid4().hex[:12]}"
    before = count_messages(anyone, someone["phone"])
    wanted = {name: someone[name] for name in ("nik", "kk", "name", "birth_date", "phone")} | {"password": password}
    begun = anyone.call("POST", "/auth/registrations", wanted, expect=202)
    step(f"registered NIK ••••••••••••{someone['nik'][-4:]}; the population registry matched")
    code = code_sent_to(anyone, someone["phone"], before)
    anyone.call("POST", f"/auth/registrations/{begun['registration_id']}/verify", {"code": code}, expect=201)
    step("phone proved by the code in the demo mailbox")
    tokens = anyone.call("POST", "/auth/tokens", {"identifier": someone["nik"], "password": password})
    step("signed in by NIK and password")
    return Person(url, tokens["access_token"]), someone | {"password": password}


def in_state(thing: dict[str, Any], state: str) -> dict[str, Any] | None:
    """Return the thing when it is in that state."""
    return thing if thing["state"] == state else None
