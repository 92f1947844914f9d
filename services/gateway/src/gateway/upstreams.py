"""The services behind the gateway: one connection each, every call in the name of the present person, tokens reused within their minute."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from chassis import clock, principal
from chassis.principal import Minter, Principal
from chassis.rpc import Upstream, identity
from malang.platform.v1.platform_pb2_grpc import PlatformStub
from malang.singo.v1.applications_pb2_grpc import ApplicationsStub
from malang.singo.v1.charter_pb2_grpc import CharterStub
from malang.singo.v1.complaints_pb2_grpc import ComplaintsStub
from malang.singo.v1.letters_pb2_grpc import LettersStub
from malang.twuin.v1.billing_pb2_grpc import BillingStub
from malang.twuin.v1.connections_pb2_grpc import ConnectionsStub
from malang.twuin.v1.leaks_pb2_grpc import LeaksStub
from malang.twuin.v1.metering_pb2_grpc import MeteringStub
from malang.twuin.v1.network_pb2_grpc import NetworkStub
from malang.twuin.v1.new_connections_pb2_grpc import NewConnectionsStub
from malang.twuin.v1.payments_pb2_grpc import PaymentsStub
from malang.twuin.v1.tariffs_pb2_grpc import TariffsStub
from malang.twuin.v1.work_orders_pb2_grpc import WorkOrdersStub

from gateway.settings import Settings

S = TypeVar("S")
WORKLOAD = Principal("gateway", "workload")  # calls on the gateway's own behalf
_MARGIN = 15  # seconds before its end at which a token is no longer used
_MOST = 10_000  # tokens remembered


class Tokens:
    """Mints a token for the present principal; one of a session is used again until shortly before it ends."""

    def __init__(self, minter: Callable[[], Minter]) -> None:
        """Take who signs at the moment."""
        self._minter = minter
        self._known: OrderedDict[tuple[object, ...], tuple[float, str]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, audience: str) -> str | None:
        """Return the token that a call to `audience` made now carries; none for an anonymous one."""
        who = principal.peek()
        if who is None:
            return None
        minter, now = self._minter(), clock.now().timestamp()
        key = (audience, minter.kid, who.subject, who.kind, who.roles, who.areas, who.loa, who.claims.get("sid"))
        with self._lock:
            known = self._known.get(key)
        if known is not None and known[0] > now:
            return known[1]
        token = minter.mint(who, audience)
        with self._lock:
            self._known[key] = (now + principal.TTL - _MARGIN, token)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return token


class Upstreams:
    """Stubs of both services. Connections are made at the first call, so that forked workers have their own."""

    def __init__(self, settings: Settings, minter: Callable[[], Minter]) -> None:
        """Take where the services are and who signs."""
        self._settings, self._token, self._tls = settings, Tokens(minter), identity(settings)

    @cached_property
    def singo(self) -> Upstream:
        """Return the connection to singo."""
        return self._upstream(self._settings.singo_target, "singo")

    @cached_property
    def twuin(self) -> Upstream:
        """Return the connection to twuin."""
        return self._upstream(self._settings.twuin_target, "twuin")

    @cached_property
    def charter(self) -> CharterStub:
        """Return singo's charter."""
        return _stub(self.singo, CharterStub)

    @cached_property
    def applications(self) -> ApplicationsStub:
        """Return singo's applications."""
        return _stub(self.singo, ApplicationsStub)

    @cached_property
    def complaints(self) -> ComplaintsStub:
        """Return singo's complaints."""
        return _stub(self.singo, ComplaintsStub)

    @cached_property
    def letters(self) -> LettersStub:
        """Return singo's letters."""
        return _stub(self.singo, LettersStub)

    @cached_property
    def network(self) -> NetworkStub:
        """Return twuin's network."""
        return _stub(self.twuin, NetworkStub)

    @cached_property
    def connections(self) -> ConnectionsStub:
        """Return twuin's connections."""
        return _stub(self.twuin, ConnectionsStub)

    @cached_property
    def metering(self) -> MeteringStub:
        """Return twuin's metering."""
        return _stub(self.twuin, MeteringStub)

    @cached_property
    def tariffs(self) -> TariffsStub:
        """Return twuin's tariffs."""
        return _stub(self.twuin, TariffsStub)

    @cached_property
    def billing(self) -> BillingStub:
        """Return twuin's billing."""
        return _stub(self.twuin, BillingStub)

    @cached_property
    def payments(self) -> PaymentsStub:
        """Return twuin's payments."""
        return _stub(self.twuin, PaymentsStub)

    @cached_property
    def leaks(self) -> LeaksStub:
        """Return twuin's leaks."""
        return _stub(self.twuin, LeaksStub)

    @cached_property
    def work_orders(self) -> WorkOrdersStub:
        """Return twuin's work orders."""
        return _stub(self.twuin, WorkOrdersStub)

    @cached_property
    def new_connections(self) -> NewConnectionsStub:
        """Return twuin's new connections."""
        return _stub(self.twuin, NewConnectionsStub)

    @cached_property
    def singo_platform(self) -> PlatformStub:
        """Return what singo says of itself."""
        return _stub(self.singo, PlatformStub)

    @cached_property
    def twuin_platform(self) -> PlatformStub:
        """Return what twuin says of itself."""
        return _stub(self.twuin, PlatformStub)

    def close(self) -> None:
        """End the connections that were made."""
        for name in ("singo", "twuin"):
            if name in self.__dict__:
                self.__dict__[name].close()

    def _upstream(self, target: str, audience: str) -> Upstream:
        chosen = self._settings
        return Upstream(
            target,
            audience,
            token=self._token,
            default_timeout=chosen.upstream_timeout,
            most=min(chosen.upstream_calls, chosen.threads),
            tls=self._tls,
        )


def _stub(upstream: Upstream, kind: Callable[[Any], S]) -> S:
    return upstream.stub(kind)
