"""Asks a timestamp authority (RFC 3161 over HTTP) for the time of a signature."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asn1crypto import tsp

LARGEST = 64 * 1024  # bytes of an answer


def authority(url: str, *, timeout: float = 5.0) -> Any:
    """Return a pyhanko TimeStamper that asks `url`; None for an empty one. `timeout` in seconds."""
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address of a timestamp authority starts with http:// or https://")
    from asn1crypto import tsp
    from pyhanko.sign.timestamps import TimeStamper

    class Authority(TimeStamper):
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            # Blocking is right: a letter is signed in a thread of its own, and its event loop has nothing else to do.
            return tsp.TimeStampResp.load(_asked(url, req.dump(), timeout))

    return Authority()  # type: ignore[no-untyped-call]  # the library leaves it unannotated


def _asked(url: str, body: bytes, timeout: float) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/timestamp-query"})  # noqa: S310 - the scheme was checked
    with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - as above
        if answer.headers.get_content_type() != "application/timestamp-reply":
            raise OSError(f"the timestamp authority answered {answer.headers.get_content_type()}")
        content: bytes = answer.read(LARGEST)
    return content
