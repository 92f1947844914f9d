"""`make demo`: drive the errands against the running platform, over HTTP at the gateway only.

It imports nothing of the platform. It reads the demo sign-ins that `make run` keeps, prints each step, and ends
with 1 at the first surprise.
"""

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from deploy.local.across import leak, moving
from deploy.local.visitors import (
    Person,
    Surprise,
    code_sent_to,
    count_messages,
    expect,
    in_state,
    picture,
    register,
    sign_in_staff,
    step,
    totp,
    wait_for,
)

__all__ = [
    "Person",
    "Surprise",
    "bill",
    "code_sent_to",
    "count_messages",
    "fill",
    "in_state",
    "leak",
    "letter",
    "moving",
    "picture",
    "register",
    "sign_in_staff",
    "totp",
    "wait_for",
]  # fmt: skip
HOME = Path(__file__).resolve().parents[2] / ".local"  # where `make run` keeps the sign-ins and this program the PDFs
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


def letter(url: str, signins: dict[str, Any], home: Path = HOME, *, notices: bool = True) -> Person:
    """Errand 1: from registration to a letter that anyone verifies; `notices` waits for what facts bring. Return its holder."""
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
    signed = wait_for("the signature", lambda: in_state(citizen.call("GET", where), "signed"))
    step("the lurah signed it")
    _verify(url, citizen, signed["letter_id"], home)
    if notices:
        _told(citizen)
    return citizen


def _told(citizen: Person) -> None:
    views = wait_for("the access log", lambda: citizen.call("GET", "/me/access-log")["views"])
    step(f"“Siapa melihat data saya” lists {len(views)} view(s)")
    issued = wait_for(
        "the notice", lambda: [n for n in citizen.call("GET", "/me/notices")["notices"] if n["code"] == "letter_issued"]
    )
    step(f"inbox: “{issued[0]['title']}”")


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
    paid = wait_for("the payment", lambda: in_state(citizen.call("GET", f"/payments/{payment['payment_id']}"), "paid"))
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


def main(home: Path = HOME) -> int:
    """Drive every errand against the platform whose URL and sign-ins `home` keeps; 0 when all went as expected."""
    try:
        signins = json.loads((home / "signins.json").read_text())
        url = json.loads((home / "ports.json").read_text())["url"]
    except FileNotFoundError:
        print("The platform has not run here yet: start it with `make run`.", file=sys.stderr)
        return 1
    began = time.monotonic()
    try:
        holder = letter(url, signins, home)
        bill(url, signins, home)
        leak(url, signins, home)
        moving(url, signins, holder)
    except (Surprise, OSError, KeyError, IndexError, StopIteration) as wrong:
        print(f"  ✗ {type(wrong).__name__}: {wrong}", file=sys.stderr)
        return 1
    print(f"All four errands done in {time.monotonic() - began:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
