"""Demo data and demo sign-ins: made on the first run, kept in .local/, shown at every start."""

import json
import subprocess
import sys
from typing import Any

from deploy.local.programs import Platform
from deploy.local.state import ROOT, State
from deploy.local.visitors import totp


def seed_water(state: State, platform: Platform) -> None:
    """Make the demo's connections, readings and bills."""
    state.keep("water", {"connections": _ask(platform, "twuin")["connections"]})


def seed_people(state: State, platform: Platform) -> None:
    """Make the demo's citizens and staff, and keep how each of them signs in."""
    people = _ask(platform, "gateway")
    state.keep("signins", people | state.read("water"))


def _ask(platform: Platform, service: str) -> dict[str, Any]:
    argv = [sys.executable, "-m", service, "demo"]
    done = subprocess.run(argv, env=platform.environment(service), capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{service}: the demo data failed.\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


def show(state: State) -> int:
    """Print the table of demo sign-ins with the one-time codes of this half minute."""
    kept = state.read("signins")
    if not kept:
        print("There are no demo sign-ins yet; `make run` makes them.", file=sys.stderr)
        return 1
    rows = [("who", "sign in with", "password", "code now")]
    citizens, staff = kept["citizens"], kept["staff"]
    rows += [(f"citizen {one['name']}", one["nik"], one["password"], "–") for one in citizens]  # type: ignore[attr-defined] # JSON
    rows += [(one["role"], one["username"], one["password"], totp(one["totp_secret"])) for one in staff]  # type: ignore[attr-defined] # JSON
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    connection = kept["connections"][0]  # type: ignore[index] # JSON
    print(f"\n  A water connection to link: no. {connection['number']}, meter {connection['meter_serial']}, "
          f"last bill Rp {connection['last_bill_amount']}")  # fmt: skip
    print("  Codes change every 30 s: `make signins` shows them again. Messages of the demo are at /demo/mailbox.")
    return 0
