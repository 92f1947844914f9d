"""`make compose`: the whole platform in containers by compose.yaml; `docker compose` does it, or its stand-in where that is absent."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from deploy.compose import secrets
from deploy.compose.document import FILE, read
from deploy.compose.standin import Failed, Standin
from deploy.local import demo, signins
from deploy.local.state import State


class Engine(Protocol):
    """What brings the file's services up and down."""

    def up(self) -> None:
        """Start everything and return once it is healthy."""

    def down(self) -> None:
        """Remove everything, the data too."""

    def ask(self, service: str, *command: str) -> str:
        """Run a command in a service's container and return what it printed."""


class Compose:
    """The command `docker compose`."""

    def __init__(self, state: State) -> None:
        """Write the environment that the file asks for."""
        self._argv = ["docker", "compose", "--env-file", str(secrets.write(state)), "-f", str(FILE)]

    def up(self) -> None:
        """Start everything and return once it is healthy."""
        self._run("up", "--detach", "--wait")

    def down(self) -> None:
        """Remove everything, the data too."""
        self._run("down", "--volumes")

    def ask(self, service: str, *command: str) -> str:
        """Run a command in a service's container and return what it printed."""
        return self._run("exec", "-T", service, *command)

    def _run(self, *words: str) -> str:
        done = subprocess.run([*self._argv, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"docker compose {words[0]}: {done.stderr.strip()[-1500:]}")
        return done.stdout


def engine(state: State) -> Engine:
    """Return the command where it is, else the stand-in."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return Compose(state)
    return standin(state, secrets.environment(state))


def standin(state: State, given: Mapping[str, str]) -> Standin:
    """Return the stand-in for a project of its own in each state folder."""
    document = read(given)
    return Standin(document, document.name if state is secrets.STATE else f"{document.name}-{state.home.name}")


def up(state: State = secrets.STATE) -> None:
    """Bring the platform up with demo data, and show how to sign in."""
    began = time.monotonic()
    running = engine(state)
    running.up()
    seed(running, state)
    print(f"\n  Singo + Twuin: {state.read('ports')['url']}   (ready after {time.monotonic() - began:.1f} s)\n", flush=True)
    signins.show(state)


def seed(running: Engine, state: State) -> None:
    """Make the demo's connections and people where they are not there yet, and keep how people sign in."""
    told: dict[str, Any] = {}
    for service in ("twuin", "gateway"):
        told |= json.loads(running.ask(f"{service}-jobs", "python", "-m", service, "demo"))
    state.keep("signins", told)
    state.keep("ports", {"url": secrets.environment(state)["PUBLIC_URL"]})


def main() -> int:
    """Do what the command line names; 1 with a sentence when the engine refuses."""
    actions: dict[str, Callable[[], int | None]] = {
        "up": up, "demo": lambda: demo.main(secrets.STATE.home), "down": lambda: engine(secrets.STATE).down(),
    }  # fmt: skip
    asked = argparse.ArgumentParser(prog="python -m deploy.compose", description=__doc__)
    asked.add_argument("action", choices=actions)
    try:
        return actions[asked.parse_args().action]() or 0
    except (Failed, ValueError) as wrong:
        print(f"compose: {wrong}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
