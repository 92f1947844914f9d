"""`make demo`: drive the errands against the running platform, over HTTP at the gateway only.

It imports nothing of the platform. It reads the demo sign-ins that `make run` keeps, prints each step, and ends
with 1 at the first surprise.
"""

import base64
import hashlib
import hmac
import json
import struct
import sys
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

HOME = Path(__file__).resolve().parents[2] / ".local"  # where `make run` keeps the sign-ins and this program the PDFs
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


def totp(secret: str, at: float | None = None) -> str:
    """Return the one-time code of a base32 secret (RFC 6238, SHA-1, 30 s, 6 digits)."""
    counter = struct.pack(">Q", int(time.time() if at is None else at) // 30)
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


_SIGNED_IN: dict[tuple[str, str], tuple[float, Person]] = {}
_TOKEN_LIFE = 480  # seconds that an access token is used again here; a one-time code is good for one sign-in only


def sign_in_staff(url: str, staff: dict[str, str]) -> Person:
    """Sign a member of staff in with the second factor, once for several errands; waits where the present code was used already."""
    signed_in = _SIGNED_IN.get((url, staff["username"]))
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
        _SIGNED_IN[url, staff["username"]] = time.monotonic(), person
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


FORM = {"purpose": "Pembukaan rekening bank"}


def fill(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a form that satisfies a kind's JSON Schema, as a person would fill it."""
    return {name: _answer(rule) for name, rule in schema.get("properties", {}).items() if name in schema.get("required", [])}


def _answer(rule: dict[str, Any]) -> Any:
    if "enum" in rule:
        return rule["enum"][0]
    if "oneOf" in rule:
        return rule["oneOf"][0]["const"]
    if rule.get("type") in {"integer", "number"}:
        return max(rule.get("minimum", 1), 1)
    if rule.get("type") == "boolean":
        return True
    if rule.get("format") == "date":
        return "2020-01-15"
    return (FORM["purpose"] if "pattern" not in rule else "01")[: rule.get("maxLength", 200)].ljust(rule.get("minLength", 0), ".")


def letter(url: str, signins: dict[str, Any], home: Path = HOME, *, notices: bool = True) -> None:
    """Errand 1: from registration to a letter that anyone verifies; `notices` waits for what facts bring."""
    print("Errand 1: a letter", flush=True)
    citizen, _ = register(url, signins["people"], home)
    kind = citizen.call("GET", "/charter/kinds/domisili")
    draft = citizen.call("POST", "/applications", {"kind": "domisili", "fields": fill(kind["form_schema"])}, expect=201)
    where = f"/applications/{draft['application_id']}"
    for requirement in kind["requirements"]:
        if requirement["required"]:
            scan = (f"{requirement['code']}.png", picture())
            citizen.call("POST", f"{where}/attachments", {"requirement": requirement["code"]}, file=scan, expect=201)
    step(f"draft saved, {len(kind['requirements'])} documents asked, the required ones attached")
    sent = citizen.call("POST", f"{where}/submit", {})
    step(f"submitted as {sent['reference']}; the charter promises an answer by {sent['due_on']}")

    staff = {entry["role"]: entry for entry in reversed(signins["staff"])}  # the first of each role is the one of this kelurahan
    office = f"/office/applications/{draft['application_id']}"
    officer = sign_in_staff(url, staff["officer"])
    officer.call("POST", f"{office}/claim", {})
    officer.call("GET", f"{office}?purpose=check")
    officer.call("POST", f"{office}/approve", {"note": ""})
    step("the officer checked and approved it")
    lurah = sign_in_staff(url, staff["lurah"])
    lurah.call("POST", f"{office}/sign", {})
    signed = wait_for("the signature", lambda: _in_state(citizen.call("GET", where), "signed"))
    step("the lurah signed it")
    _verify(url, citizen, signed["letter_id"], home)
    if notices:
        _told(citizen)


def _told(citizen: Person) -> None:
    views = wait_for("the access log", lambda: citizen.call("GET", "/me/access-log")["views"])
    step(f"“Siapa melihat data saya” lists {len(views)} view(s)")
    issued = wait_for(
        "the notice", lambda: [n for n in citizen.call("GET", "/me/notices")["notices"] if n["code"] == "letter_issued"]
    )
    step(f"inbox: “{issued[0]['title']}”")


def _in_state(thing: dict[str, Any], state: str) -> dict[str, Any] | None:
    return thing if thing["state"] == state else None


def _verify(url: str, citizen: Person, letter_id: str, home: Path) -> None:
    anyone = Person(url)
    document = citizen.call("GET", f"/letters/{letter_id}")
    pdf: bytes = citizen.call("GET", f"/letters/{letter_id}/pdf")
    expect(hashlib.sha256(pdf).hexdigest() == document["sha256"], "the PDF is not the one whose hash is kept")
    saved = home / f"surat-{document['code']}.pdf"
    saved.write_bytes(pdf)
    step(f"PDF no. {document['number']} saved: {saved.relative_to(home.parent)}")
    shown = anyone.call("GET", f"/verify/{document['code']}")
    expect(shown["sha256"] == document["sha256"], "the verification page shows another hash")
    same = anyone.call("POST", f"/verify/{document['code']}", {}, file=("surat.pdf", pdf))
    expect(same["same"] is True, "the original is not “sama”")
    flipped = pdf[: len(pdf) // 2] + bytes([pdf[len(pdf) // 2] ^ 1]) + pdf[len(pdf) // 2 + 1 :]
    other = anyone.call("POST", f"/verify/{document['code']}", {}, file=("surat.pdf", flipped))
    expect(other["same"] is False, "an altered PDF passes for the original")
    step(f"verified by anyone: {shown['signature']}, original “sama”, one flipped byte “tidak sama”")


def bill(url: str, signins: dict[str, Any], home: Path = HOME) -> None:
    """Errand 2: from a water connection to a receipt, paid once however often the callback comes."""
    print("Errand 2: a bill", flush=True)
    citizen, someone = register(url, signins["people"], home)
    place = [person["nik"] for person in signins["people"]].index(someone["nik"])  # another connection for every other person
    offered = signins["connections"][place % len(signins["connections"]) :] + signins["connections"]
    if not any(_links(citizen, each) for each in offered[:5]):
        raise Surprise("no demo connection could be linked")
    connection = citizen.call("GET", "/connections")["connections"][0]
    step(f"connection {connection['number']} linked by meter serial and last bill")
    usage = citizen.call("GET", f"/connections/{connection['connection_id']}/usage")["months"]
    step(f"usage: {len(usage)} months, last {usage[-1]['volume']} m³")
    bills = citizen.call("GET", f"/bills?connection_id={connection['connection_id']}")["bills"]
    due = next(b for b in bills if b["state"] == "open")
    detail = citizen.call("GET", f"/bills/{due['bill_id']}")
    expect(sum(line["amount"] for line in detail["lines"]) == detail["amount"], "the bill's lines do not add up")
    step(
        f"bill {due['number']} of {due['period']}: Rp {due['amount']:,} in {len(detail['lines'])} lines that add up".replace(
            ",", "."
        )
    )
    for channel in ("qris", "va"):
        payment = citizen.call("POST", "/payments", {"bill_ids": [due["bill_id"]], "channel": channel}, expect=201)
    step(f"payment by VA {payment['va_number']} (an earlier QRIS was replaced)")
    citizen.call("POST", "/demo/bank/payments", {"va_number": payment["va_number"], "deliveries": 5}, expect=202)
    paid = wait_for("the payment", lambda: _in_state(citizen.call("GET", f"/payments/{payment['payment_id']}"), "paid"))
    time.sleep(2)  # the other four deliveries of the callback
    after = citizen.call("GET", f"/bills/{due['bill_id']}")
    everything = citizen.call("GET", "/payments")["payments"]
    expect(after["state"] == "paid", "the bill is not paid")
    expect(sum(p["state"] == "paid" for p in everything) == 1, "more than one payment is paid")
    expect(not any(p["state"] == "to_refund" for p in everything), "a replayed callback became a refund")
    step("callback delivered five times, paid once")
    receipt = citizen.call("GET", f"/payments/{paid['payment_id']}/receipt")
    saved = home / f"bukti-{paid['payment_id'][:8]}.pdf"
    saved.write_bytes(receipt)
    step(f"receipt {paid['receipt_number']} saved: {saved.relative_to(home.parent)}")


def _links(citizen: Person, connection: dict[str, Any]) -> bool:
    """Link a demo connection; False where its last bill has changed since it was described."""
    wanted = {name: connection[name] for name in ("meter_serial", "last_bill_amount")} | {"connection_number": connection["number"]}
    try:
        citizen.call("POST", "/connections", wanted, expect=201)
    except Surprise as wrong:
        if "answered 422" in str(wrong):
            return False
        raise
    return True


def main() -> int:
    """Drive every errand; 0 when all went as expected."""
    try:
        signins = json.loads((HOME / "signins.json").read_text())
        url = json.loads((HOME / "ports.json").read_text())["url"]
    except FileNotFoundError:
        print("The platform has not run here yet: start it with `make run`.", file=sys.stderr)
        return 1
    began = time.monotonic()
    try:
        letter(url, signins)
        bill(url, signins)
    except (Surprise, OSError, KeyError, IndexError, StopIteration) as wrong:
        print(f"  ✗ {type(wrong).__name__}: {wrong}", file=sys.stderr)
        return 1
    print(f"Both errands done in {time.monotonic() - began:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
