"""Typesets a letter with Typst: an archival (PDF/A-3a) and accessible (PDF/UA-1) PDF from a page's plain text."""

from __future__ import annotations

import threading
from dataclasses import asdict
from importlib.resources import files
from io import BytesIO
from typing import Any

import msgspec

from singo.letters.model import Page

STANDARDS = ["a-3a", "ua-1"]
UNCERTIFIED = (
    "Dokumen ini ditandatangani secara elektronik dengan sertifikat lokal yang tidak tersertifikasi. "
    "Hasil cetak hanyalah salinan; yang asli adalah berkas PDF di alamat di atas."
)
CERTIFIED = (
    "Dokumen ini ditandatangani secara elektronik dengan sertifikat elektronik tersertifikasi. "
    "Hasil cetak hanyalah salinan; yang asli adalah berkas PDF di alamat di atas."
)


class UnknownTemplateError(Exception):
    """A kind of service names a template that does not exist."""


class Typesetter:
    """Typesets letters; keeps a compiler with its fonts for each thread."""

    def __init__(self, public_url: str) -> None:
        """Take the portal's URL, to which the QR leads."""
        self._public_url = public_url.rstrip("/")
        self._local = threading.local()
        self._read: dict[str, dict[str, bytes]] = {}

    def url(self, code: str) -> str:
        """Return the public address at which a letter can be verified."""
        return f"{self._public_url}/v/{code}"

    def typeset(self, page: Page, *, certified: bool) -> bytes:
        """Return the PDF of a page, unsigned, ending in a newline (so that a signed revision keeps PDF/A)."""
        url = self.url(page.code)
        inputs = {
            "page": msgspec.json.encode(asdict(page)).decode(),
            "url": url,
            "qr": qr(url),
            "notice": CERTIFIED if certified else UNCERTIFIED,
        }
        # The sources go in each time: the compiler forgets them after a run, and keeps the fonts.
        pdf: bytes = self._compiler.compile(self._sources(page.template), format="pdf", pdf_standards=STANDARDS, sys_inputs=inputs)
        return pdf if pdf.endswith(b"\n") else pdf + b"\n"

    @property
    def _compiler(self) -> Any:
        if not hasattr(self._local, "compiler"):
            import typst

            self._local.compiler = typst.Compiler(ignore_system_fonts=True)
        return self._local.compiler

    def _sources(self, template: str) -> dict[str, bytes]:
        if template not in self._read:
            self._read[template] = sources(template)
        return self._read[template]


def sources(template: str) -> dict[str, bytes]:
    """Return a template and what it shows, by file name."""
    folder = files("singo.letters") / "templates"
    main = folder / f"{template}.typ"
    if not main.is_file():
        raise UnknownTemplateError(f"there is no letter template {template!r}")
    pictures = {each.name: each.read_bytes() for each in folder.iterdir() if each.name.endswith(".svg")}
    return {"main.typ": main.read_bytes(), **pictures}


def qr(text: str) -> str:
    """Return a QR code (error correction Q, so that a stained print still reads) as SVG."""
    import segno

    out = BytesIO()
    # Every mask can be read; trying all eight for the prettiest took 5 ms a letter.
    segno.make(text, error="q", micro=False, mask=3).save(out, kind="svg", border=2, dark="#12434f", light="#ffffff")
    return out.getvalue().decode()
