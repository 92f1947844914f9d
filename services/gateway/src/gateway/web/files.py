"""Files handed to a browser: never rendered as a page of this site."""

from __future__ import annotations

import io

from flask import Response, abort, send_file

_PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"RIFF": "image/webp"}
_SHOWN = {"application/pdf", "image/jpeg", "image/png", "image/webp"}


def as_download(content: bytes, name: str, media_type: str) -> Response:
    """Return a file to save under `name`."""
    kind = media_type if media_type in _SHOWN else "application/octet-stream"
    response = send_file(io.BytesIO(content), kind, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def shown_picture(content: bytes) -> Response:
    """Return a picture for the page that shows it; what is none is not found, and the browser runs nothing of it."""
    kind = next((kind for start, kind in _PICTURES.items() if content.startswith(start)), "")
    if not kind or (kind == "image/webp" and content[8:12] != b"WEBP"):
        abort(404)
    response = send_file(io.BytesIO(content), kind)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
