"""What a request finds of its process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from chassis.crypto import Vault
from chassis.db import Database
from chassis.principal import Verifier
from chassis.rpc.platform import Platform
from flask import current_app, request

from gateway.edge.rates import Limiter
from gateway.identity.means import Means
from gateway.identity.tokens import AUDIENCE as API_AUDIENCE
from gateway.settings import Settings
from gateway.upstreams import Upstreams

API_PATHS = ("/api/", "/open311/")


__all__ = ["API_AUDIENCE", "API_PATHS", "Gateway", "address", "agent", "for_program", "gateway", "platform"]


@dataclass(frozen=True, slots=True)
class Gateway:
    """Settings, means, services and limits of one process."""

    settings: Settings
    means: Means
    upstreams: Upstreams
    limiter: Limiter
    verifier: Verifier
    platform: Platform

    @property
    def db(self) -> Database:
        """Return the gateway's database."""
        return self.means.db

    @property
    def vault(self) -> Vault:
        """Return what encrypts personal data."""
        return self.means.vault


def gateway() -> Gateway:
    """Return the gateway that serves the present request."""
    return cast("Gateway", current_app.extensions["gateway"])


def platform(service: str) -> Any:
    """Return who answers RPC service Platform for one of the three: the other two by a call, the gateway here; admins only."""
    own = gateway()
    return own.platform if service == "gateway" else getattr(own.upstreams, f"{service}_platform")


def for_program() -> bool:
    """Tell whether the present request is of the API, whose errors are problem+json."""
    return request.path.startswith(API_PATHS)


def address() -> str:
    """Return the address of whoever asks, as trusted proxies report it."""
    return request.remote_addr or "unknown"


def agent() -> str:
    """Return what the client says it is."""
    return request.headers.get("User-Agent", "")[:200]
