"""The gRPC server of a service: denies by default, knows its caller, passes the deadline on, stops gracefully."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from chassis import telemetry
from chassis.principal import Verifier
from chassis.rpc.admission import Admission
from chassis.rpc.failures import METADATA_BYTES
from chassis.rpc.rules import Served, unruled
from chassis.rpc.tls import Identity, server_credentials

log = telemetry.logger(__name__)

MESSAGE_BYTES = 20 * 1024 * 1024
OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.max_metadata_size", METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", METADATA_BYTES),
    # Connections end now and then, so that clients find pods that are new.
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    # Clients ping every 30 s; without this the answer to the third ping is GOAWAY.
    ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # Two processes must not share a port unnoticed on one machine.
    ("grpc.so_reuseport", 0),
)


class Server:
    """Serves capabilities at one address ("host:port", port 0 = any free; or "unix:/path")."""

    def __init__(
        self,
        served: Sequence[Served],
        verifier: Verifier,
        *,
        address: str = "127.0.0.1:0",
        threads: int = 8,
        max_concurrent: int = 64,
        tls: Identity | None = None,
    ) -> None:
        """Take what to serve and who verifies tokens; beyond `max_concurrent` calls the answer is RESOURCE_EXHAUSTED.

        With `tls` both sides show a certificate.
        """
        self._address, self._names, self._tls = address, [each.full_name for each in served], tls
        self._pool = futures.ThreadPoolExecutor(threads, thread_name_prefix="rpc")
        self._server = grpc.server(
            self._pool, interceptors=[Admission(verifier)], options=OPTIONS, maximum_concurrent_rpcs=max_concurrent
        )
        for each in served:
            each.add(each.servicer, self._server)
        if closed := unruled(served):
            log.warning("methods_without_rule", methods=closed)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        self._ready = False
        self._stopping = False

    def start(self) -> int:
        """Bind, serve and report healthy; return the port (1 for a unix socket)."""
        if self._tls is None:
            port = self._server.add_insecure_port(self._address)
        else:
            port = self._server.add_secure_port(self._address, server_credentials(self._tls))
        # What was made until now lives as long as the process: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
        self._server.start()
        self.ready = True
        return port

    @property
    def ready(self) -> bool:
        """Tell whether health says SERVING."""
        return self._ready

    @ready.setter
    def ready(self, value: bool) -> None:
        if self._stopping:
            return
        self._ready = value
        status = health_pb2.HealthCheckResponse.SERVING if value else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in (health.OVERALL_HEALTH, *self._names):
            self._health.set(name, status)

    def run(self, stop: threading.Event, *, drain: float = 3.0, grace: float = 20.0) -> None:
        """Serve until `stop` is set, say NOT_SERVING for `drain` seconds so that callers turn away, then stop."""
        stop.wait()
        self.retire()
        threading.Event().wait(drain)
        self.stop(grace)

    def retire(self) -> None:
        """Report NOT_SERVING for good, while still answering."""
        self.ready = False
        self._stopping = True
        self._health.enter_graceful_shutdown()

    def stop(self, grace: float = 20.0) -> None:
        """Take no new calls, give the present ones `grace` seconds, and end."""
        self.retire()
        self._server.stop(grace).wait()
        self._pool.shutdown(wait=False, cancel_futures=True)
