"""The person's letters."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from malang.singo.v1.letters_pb2 import DownloadLetterRequest, LetterPage, ListMyLettersRequest

from gateway.edge import citizen_required
from gateway.web.calls import page_token, services, tried
from gateway.web.chrome import page
from gateway.web.files import as_download

pages = Blueprint("letters", __name__)


@pages.get("/surat")
@citizen_required
def listing() -> ResponseReturnValue:
    """Show the person's letters."""
    found, failure = tried(lambda: services().letters.ListMine(ListMyLettersRequest(page_token=page_token())))
    found = found or LetterPage()
    return page("letters/mine.html", letters=found.letters, next_token=found.next_page_token, failure=failure)


@pages.get("/surat/<letter_id>/unduh")
@citizen_required
def download(letter_id: str) -> Response:
    """Hand out a signed letter."""
    found = services().letters.Download(DownloadLetterRequest(letter_id=letter_id))
    return as_download(found.content, found.file_name, "application/pdf")
