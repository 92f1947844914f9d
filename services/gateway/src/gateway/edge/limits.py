"""Limits of requests: per address, per person, and tighter ones where somebody could guess."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from chassis.errors import Refused
from flask import g, request

from gateway.edge.context import address, gateway

if TYPE_CHECKING:
    from gateway.identity.sessions import Person

F = TypeVar("F", bound=Callable[..., Any])
_LEASE = 20  # requests that a process lets through per question to Redis


class RateExceeded(Refused):
    """Too many requests from one address or of one person."""

    id = "Terlalu banyak permintaan. Coba lagi dalam {seconds} detik."
    en = "Too many requests. Try again in {seconds} seconds."

    def __init__(self, seconds: float) -> None:
        """Take the seconds to wait."""
        self.retry_after = max(1, round(seconds + 0.5))
        super().__init__(seconds=self.retry_after)


def check() -> None:
    """Count the present request under its address and its person."""
    if request.endpoint == "static" or (request.endpoint or "").endswith(".static"):
        return
    own, limiter = gateway(), gateway().limiter
    wait = limiter.wait(f"address:{address()}", own.settings.rate_per_minute, lease=_LEASE)
    person: Person | None = g.get("person")
    if person is not None and not wait:
        wait = limiter.wait(f"person:{person.id}", own.settings.rate_person_per_minute, lease=_LEASE)
    if wait:
        raise RateExceeded(wait)


def spend(what: str, most: int, seconds: float = 3600.0) -> None:
    """Count something that the present person may do `most` times in so many seconds; RateExceeded from there on."""
    wait = gateway().limiter.wait(f"{what}:{g.person.kind}:{g.person.id}", most, seconds)
    if wait:
        raise RateExceeded(wait)


def limited(name: str) -> Callable[[F], F]:
    """Limit the decorated view's POSTs from one address to what the settings allow for guesses."""

    def decorate(view: F) -> F:
        @functools.wraps(view)
        def inner(*args: Any, **kwargs: Any) -> Any:
            if request.method not in {"GET", "HEAD"}:
                wait = gateway().limiter.wait(f"{name}:{address()}", gateway().settings.rate_sign_in_per_minute)
                if wait:
                    raise RateExceeded(wait)
            return view(*args, **kwargs)

        return inner  # type: ignore[return-value]  # wraps keeps what callers see

    return decorate
