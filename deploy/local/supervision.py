"""One supervisord over all processes: its configuration, its start, and a client to it."""

import contextlib
import ctypes
import http.client
import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.state import ROOT, State

NO_ANSWER = (OSError, http.client.HTTPException, xmlrpc.client.Error)


@dataclass(frozen=True)
class Program:
    """A process to keep alive: `first` ones start with the supervisor, the others when told."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    first: bool = False
    stop: str = "TERM"
    port: int = 0  # of its health server; 0 = none
    priority: int = 100  # lower starts earlier and stops later


def configuration(state: State, programs: Iterable[Program]) -> str:
    """Return supervisord's configuration file."""
    socket = state.sockets / "supervisor.sock"
    head = f"""[supervisord]
nodaemon=true
silent=true
logfile={state.logs / "supervisor.log"}
logfile_maxbytes=5MB
logfile_backups=1
pidfile={state.sockets / "supervisor.pid"}
childlogdir={state.logs}
minfds=1024

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
    return head + "".join(_section(state, program) for program in programs)


def _section(state: State, program: Program) -> str:
    command = " ".join(_quoted(word) for word in program.argv)
    environment = ",".join(f"{name}={_quoted(value)}" for name, value in sorted(program.environment.items()))
    return f"""
[program:{program.name}]
command={command}
directory={"/" if program.user else ROOT}
environment={environment}
priority={program.priority}
autostart={str(program.first).lower()}
autorestart=true
startsecs=0
startretries=1000000
stopsignal={program.stop}
stopwaitsecs=12
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={state.logs / program.name}.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=1
""" + (f"user={program.user}\n" if program.user else "")


def _quoted(word: str) -> str:
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{safe}"'


class Supervisor:
    """A running supervisord and the calls that the platform's start needs."""

    def __init__(self, state: State, programs: list[Program]) -> None:
        """Remember what to supervise."""
        self.state, self.programs = state, programs
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start supervisord and with it the first programs."""
        path = self.state.home / "supervisor.conf"
        path.touch(mode=0o600)
        path.write_text(configuration(self.state, self.programs), encoding="utf-8")
        argv = [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)]
        self._child = subprocess.Popen(argv, start_new_session=True, preexec_fn=_die_with_parent, cwd=ROOT)  # noqa: PLW1509 - one thread here
        for _ in range(200):
            with contextlib.suppress(*NO_ANSWER):
                client(self.state).supervisor.getState()
                return
            if self._child.poll() is not None:
                raise SystemExit(f"The supervisor did not start; see {self.state.logs / 'supervisor.log'}.")
            time.sleep(0.05)
        raise SystemExit("The supervisor does not answer.")

    def launch(self, program: Program) -> None:
        """Start one program without waiting for it."""
        client(self.state).supervisor.startProcess(program.name, False)

    def alive(self) -> bool:
        """Tell whether supervisord still runs."""
        return self._child is not None and self._child.poll() is None

    def stop(self) -> None:
        """Stop every program, then supervisord; nothing is left running."""
        if self._child is None:
            return
        # By itself supervisord stops one after another; the engines go last.
        for program in self.programs:
            if not program.first:
                with contextlib.suppress(*NO_ANSWER):
                    client(self.state).supervisor.stopProcess(program.name, False)
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)


def client(state: State) -> xmlrpc.client.ServerProxy:
    """Return a client to the supervisor of `state`."""
    transport = SupervisorTransport(None, None, f"unix://{state.sockets / 'supervisor.sock'}")
    return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)


def processes(state: State) -> list[dict[str, object]]:
    """Return what the supervisor says of each process; empty when it does not run."""
    try:
        return [dict(entry) for entry in client(state).supervisor.getAllProcessInfo()]  # type: ignore[union-attr, arg-type] # XML-RPC is untyped
    except NO_ANSWER:
        return []


def proportional_kib(pid: int) -> int:
    """Return the proportional set size of a process and its children, KiB; 0 where it cannot be read."""
    total = 0
    for each in [pid, *_children(pid)]:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii").splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text(encoding="ascii").split()):
                found += [child, *_children(child)]
    return found


def _die_with_parent() -> None:
    """Ask Linux to end the supervisor (and with it all programs) when `make run` itself is killed."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
