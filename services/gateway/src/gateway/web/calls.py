"""Calls to the services behind a page: what may be missing from it, and what may not."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from typing import TypeVar

from chassis.rpc import Failure
from flask import request

from gateway.edge import gateway
from gateway.upstreams import Upstreams
from gateway.web.catalog import language

T = TypeVar("T")
_AWAY = {"unavailable", "deadline", "exhausted", "internal"}
PAGE = 20


def services() -> Upstreams:
    """Return the stubs; their calls are made in the present person's name."""
    return gateway().upstreams


def tried(call: Callable[[], T]) -> tuple[T | None, str]:
    """Return the answer, or the sentence to show in its place when the service is away."""
    try:
        return call(), ""
    except Failure as failure:
        if failure.kind not in _AWAY:
            raise
        return None, failure.sentence(language())


def page_token() -> str:
    """Return which page of a list is asked for."""
    return request.args.get("halaman", "")


def further(token: str) -> str:
    """Return the address of the next page of the present list with its filters, empty at the end."""
    kept = {name: value for name, value in request.args.items() if name not in {"halaman", "ok"} and value}
    return f"?{urllib.parse.urlencode({**kept, 'halaman': token})}" if token else ""


def digits(text: str) -> int | None:
    """Return the whole number in `text`, written with or without thousands separators; None when it is none."""
    plain = "".join(sign for sign in text if sign not in " .,\u00a0").removeprefix("Rp")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 15 else None  # noqa: PLR2004 - fits into int64
