"""`make run`: the whole platform on one machine, in the foreground, under one supervisor."""

import argparse
import contextlib
import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from types import FrameType

from deploy.local import databases, signins
from deploy.local.programs import Platform, embedded_postgres
from deploy.local.state import State
from deploy.local.supervision import Program, Supervisor, processes, proportional_kib

FIRST, REST = ("-rpc", "-web"), ("-consume", "-relay", "-jobs")  # what answers people is up before what works behind it
PATIENCE = 120  # seconds that a process may take to become ready; a busy machine starts twelve slowly


def main() -> int:
    """Start, or do what one of the options says."""
    options = argparse.ArgumentParser(prog="make run", description=__doc__)
    options.add_argument("--reset", action="store_true", help="forget data, sign-ins and secrets")
    options.add_argument("--status", action="store_true", help="show the processes and their memory")
    options.add_argument("--signins", action="store_true", help="show the demo sign-ins with the present codes")
    chosen = options.parse_args()
    state = State()
    if chosen.reset:
        return _reset(state)
    if chosen.status:
        return _status(state)
    if chosen.signins:
        return signins.show(state)
    return _run(state)


def _run(state: State) -> int:
    state.prepare()
    if not state.hold():
        print(f"The platform already runs (or is stopping) at {state.read('ports').get('url', 'its URL')}.", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGHUP, _interrupted)
    began = time.monotonic()
    platform = Platform.plan(state)
    supervisor = Supervisor(state, platform.programs)
    try:
        start(state, platform, supervisor)
        print(f"\n  Singo + Twuin: {platform.url}   (ready after {time.monotonic() - began:.1f} s)\n", flush=True)
        signins.show(state)
        start_rest(platform, supervisor)
        print("\nCtrl-C stops everything. The data stays; `make reset` forgets it.", flush=True)
        return _watch(supervisor)
    except KeyboardInterrupt:
        return 0
    finally:
        # A second signal must not leave half of it running.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        with _step("stopping"):
            supervisor.stop()


def start(state: State, platform: Platform, supervisor: Supervisor) -> None:
    """Bring up what answers people, with demo data on the first run; `start_rest` brings up the rest."""
    first_time = not (state.home / "signins.json").exists()
    if platform.postgres and not platform.postgres.exists():
        with _step("database cluster (first run)"):
            platform.postgres.init()
    with _step("PostgreSQL and Redis"):
        supervisor.start()
        databases.wait(platform.admin_url)
    with _step("databases and migrations"):
        databases.prepare(platform)
    if first_time:
        with _step("demo data: water connections, readings, bills"):
            signins.seed_water(state, platform)
    with _step("services"):
        _launch(platform, supervisor, FIRST)
        _until_answers(f"{platform.url}/", supervisor)
    if first_time:
        with _step("demo people"):
            signins.seed_people(state, platform)
    state.keep("ports", {"url": platform.url})


def start_rest(platform: Platform, supervisor: Supervisor) -> None:
    """Bring up what works behind the pages: facts in and out, and what the clock moves."""
    with _step("processes in the background"):
        _launch(platform, supervisor, REST)


def _launch(platform: Platform, supervisor: Supervisor, kinds: tuple[str, ...]) -> None:
    chosen = [program for program in platform.programs if program.name.endswith(kinds)]
    for program in chosen:
        supervisor.launch(program)
    until_ready(platform, supervisor, lambda program: program in chosen)


def _watch(supervisor: Supervisor) -> int:
    """Wait for Ctrl-C; when the supervisor itself dies, end what it leaves behind."""
    known: list[int] = []
    while supervisor.alive():
        known = [int(str(entry["pid"])) for entry in processes(supervisor.state) if entry["pid"]] or known
        time.sleep(1)
    for pid in known:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    print("The supervisor ended; everything was stopped. Start again with `make run`.", file=sys.stderr)
    return 1


def until_ready(platform: Platform, supervisor: Supervisor, concerns: Callable[[Program], bool]) -> None:
    """Return once the processes that `concerns` picks are ready."""
    for program in filter(concerns, platform.programs):
        _until_answers(f"http://127.0.0.1:{program.port}/readyz", supervisor, program.name)


def _until_answers(url: str, supervisor: Supervisor, name: str = "gateway") -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            if answer.status == 200:  # noqa: PLR2004
                return
        if not supervisor.alive():
            break
        time.sleep(0.05)
    log = supervisor.state.logs / f"{name}.log"
    tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:] if log.exists() else []
    raise SystemExit(f"{name} did not become ready. The end of {log}:\n" + "\n".join(tail))


@contextlib.contextmanager
def _step(what: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"· {what} … ", end="", flush=True)
    try:
        yield
    except BaseException:
        print("stopped", flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)


def _reset(state: State) -> int:
    if not state.hold():
        print("The platform runs (or is stopping); stop it first (Ctrl-C where it was started).", file=sys.stderr)
        return 1
    postgres = embedded_postgres(state)
    for folder in {postgres.data_dir, postgres.socket_dir, state.sockets, state.home}:
        shutil.rmtree(folder, ignore_errors=True)
    print("Data, demo sign-ins and secrets are forgotten. The next `make run` begins anew.")
    return 0


def _status(state: State) -> int:
    entries = processes(state)
    if not entries:
        print("The platform does not run.")
        return 1
    total = 0
    print(f"{'process':<18} {'state':<10} {'since':>8}  {'PSS MiB':>8}")
    for entry in entries:
        kib = proportional_kib(int(str(entry["pid"]))) if entry["pid"] else 0
        total += kib
        since = int(str(entry["now"])) - int(str(entry["start"]))
        print(f"{entry['name']!s:<18} {str(entry['statename']).lower():<10} {since:>6} s  {kib / 1024:>8.1f}")
    own = proportional_kib(_supervisor_pid(state)) - total if entries else 0
    print(f"{'supervisor':<18} {'':<10} {'':>8}  {max(own, 0) / 1024:>8.1f}")
    print(f"{'total':<18} {'':<10} {'':>8}  {(total + max(own, 0)) / 1024:>8.1f}")
    return 0


def _supervisor_pid(state: State) -> int:
    return int((state.sockets / "supervisor.pid").read_text(encoding="ascii"))


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
