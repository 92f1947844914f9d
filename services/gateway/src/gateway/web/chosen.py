"""Pictures that a person chose on a form: they stay with it while something else on it is mended."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, abort, g

from gateway import kept_pictures
from gateway.edge import gateway
from gateway.kept_pictures import Picture
from gateway.web.files import shown_picture

BYTES = 5 * 1024 * 1024  # of one picture


def kept(ids: Sequence[str]) -> list[Picture]:
    """Return those pictures of the present person that are still kept, in the order asked for."""
    with gateway().db.transaction(readonly=True) as session:
        return kept_pictures.kept(session, gateway().vault, _person(), ids)


def keep(files: Sequence[tuple[str, bytes]]) -> list[Picture]:
    """Keep pictures (name, content) for the present person; those that are too large are left out."""
    with gateway().db.transaction() as session:
        return [
            kept_pictures.keep(session, gateway().vault, _person(), name, content)
            for name, content in files
            if len(content) <= BYTES
        ]


def forget(ids: Sequence[str]) -> None:
    """Forget pictures of the present person."""
    with gateway().db.transaction() as session:
        kept_pictures.forget(session, _person(), ids)


def shown(picture_id: str) -> Response:
    """Show a picture of the present person that waits with its form."""
    found = kept([picture_id])
    if not found:
        abort(404)
    return shown_picture(found[0].content, small=True)


def plain(name: str) -> str:
    """Return a file's name as far as it can be shown."""
    return "".join(sign for sign in name if sign.isprintable())[:120]


def _person() -> str:
    return f"{g.person.kind}:{g.person.id}"
