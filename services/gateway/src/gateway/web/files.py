"""Files handed to a browser: never rendered as a page of this site."""

from __future__ import annotations

import io

from chassis import pictures
from chassis.errors import InvalidFields
from flask import Response, abort, send_file

_SMALL = 480  # pixels of the longest side in a page
_SHOWN = {"application/pdf", "image/jpeg", "image/png", "image/webp"}


def as_download(content: bytes, name: str, media_type: str) -> Response:
    """Return a file to save under `name`."""
    kind = media_type if media_type in _SHOWN else "application/octet-stream"
    response = send_file(io.BytesIO(content), kind, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def shown_picture(content: bytes, *, small: bool = False) -> Response:
    """Return a picture for the page that shows it (`small`: at most 480 pixels a side); what is none is not found."""
    if small:
        try:
            content = pictures.cleaned(content, longest=_SMALL).content
        except InvalidFields:
            abort(404)
    kind = pictures.media_type_of(content) or abort(404)
    response = send_file(io.BytesIO(content), kind)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
