"""The population registry (Dukcapil): match or no match, under an agreement; in the demo a simulator."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, Protocol

from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Profile:
    """What the registry adds to a match, as letters need it."""

    name: str
    birth_place: str
    sex: Literal["L", "P"]
    address: str
    rt: str
    rw: str
    kelurahan: str  # code, e.g. 35.73.03.1008
    religion: str
    occupation: str
    marital_status: str
    nationality: str = "WNI"


@dataclass(frozen=True, slots=True)
class Match:
    """The registry's answer: match (with the profile), no_match, or unavailable."""

    answer: Literal["match", "no_match", "unavailable"]
    profile: Profile | None = None


class PopulationRegistry(Protocol):
    """Says whether a person with this data exists. Never raises: not reachable is an answer."""

    def match(self, *, nik: str, kk: str, name: str, birth_date: dt.date) -> Match:
        """Compare all four with the registry."""


def registry_of(settings: Settings) -> PopulationRegistry:
    """Return the registry that `settings` name."""
    if settings.registry == "simulator":
        from gateway.identity.registry.simulator import Simulator

        return Simulator()
    from gateway.identity.registry.dukcapil import Dukcapil

    if not settings.registry_url.startswith(("https://", "http://")):
        raise SystemExit("settings: GATEWAY_REGISTRY_URL is required and not set (GATEWAY_REGISTRY is dukcapil)")
    return Dukcapil(settings.registry_url, settings.registry_user, settings.registry_password, settings.registry_timeout)


__all__ = ["Match", "PopulationRegistry", "Profile", "registry_of"]
