"""Files handed to a browser: never rendered as a page of this site."""

from __future__ import annotations

import io

from flask import Response, send_file

_SHOWN = {"application/pdf", "image/jpeg", "image/png", "image/webp"}


def as_download(content: bytes, name: str, media_type: str) -> Response:
    """Return a file to save under `name`."""
    kind = media_type if media_type in _SHOWN else "application/octet-stream"
    response = send_file(io.BytesIO(content), kind, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response
