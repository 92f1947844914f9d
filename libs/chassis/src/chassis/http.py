"""The small HTTP server that every process has for its supervisor: liveness, readiness, metrics. Nothing for people."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import cast

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis import telemetry

log = telemetry.logger(__name__)
Probe = Callable[[], bool]
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class HealthServer:
    """A running server of health and metrics, and its port."""

    port: int
    _server: ThreadingHTTPServer

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def serve_health(host: str, port: int, *, ready: Probe, alive: Probe = lambda: True) -> HealthServer:
    """Answer /livez, /readyz and /metrics in threads of their own; a probe looks at this process only, never at its peers."""
    server = _Server((host, port), _Handler)
    server.probes = {"/livez": alive, "/readyz": ready}
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True).start()
    return HealthServer(server.server_address[1], server)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; the handler does nothing else. Call it in the main thread."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    probes: dict[str, Probe]


class _Handler(BaseHTTPRequestHandler):
    timeout = 5.0  # seconds that a client may take to ask
    server_version, sys_version = "health", ""

    def do_GET(self) -> None:
        """Answer one request."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(telemetry.registry()))
            return
        probe = cast("_Server", self.server).probes.get(path)
        if probe is None:
            self._answer(404, _TEXT, b"not found\n")
            return
        good = _asked(path, probe)
        self._answer(200 if good else 503, _TEXT, b"ok\n" if good else b"not ok\n")

    do_HEAD = do_GET  # noqa: N815 - named by the standard library

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the standard library
        """Say nothing of probes: they come every few seconds."""


def _asked(path: str, probe: Probe) -> bool:
    try:
        return bool(probe())
    except Exception as wrong:
        log.warning("probe_failed", path=path, exc_info=wrong)
        return False
