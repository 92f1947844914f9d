"""What an attachment really is, told by its bytes: a picture, made anew without metadata, or a PDF that only shows pages."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from chassis import pictures

from singo.applications import pdfs

LONGEST = 2400  # pixels of the longest side: small print on a photographed card stays readable
EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf"}
PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Document:
    """An accepted attachment: a file name safe to show and to save, its media type, and the bytes that are kept."""

    file_name: str
    media_type: str
    content: bytes = field(repr=False)


def recognise(file_name: str, content: bytes) -> Document:
    """Return what `content` is and what is kept of it; InvalidFields with the rule it breaks."""
    if not content:
        raise pictures.refusal("content", "empty", "Berkas kosong.", "The file is empty.")
    if len(content) > pictures.MAX_BYTES:
        raise pictures.refusal("content", "too_large", "Berkas paling besar 5 MiB.", "The file must be at most 5 MiB.")
    if re.match(rb"%PDF-[12]\.[0-9]", content):
        pdfs.examined(content)
        return Document(safe_name(file_name, PDF), PDF, content)
    if pictures.media_type_of(content) is None:
        raise pictures.refusal(
            "content", "type", "Berkas harus JPEG, PNG, WebP, atau PDF.", "The file must be JPEG, PNG, WebP or PDF."
        )
    made = _made_anew(content)
    return Document(safe_name(file_name, made.media_type), made.media_type, made.content)


def _made_anew(content: bytes) -> pictures.Picture:
    made = pictures.cleaned(content, longest=LONGEST, keep_format=True)
    if len(made.content) > pictures.MAX_BYTES:  # a PNG of a photo
        return pictures.cleaned(content, longest=LONGEST)
    return made


def safe_name(file_name: str, media_type: str) -> str:
    """Return a name without folders, controls and risky signs, at most 80 long, ending as its content demands."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", file_name))[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}\Z", "", last)
    kept = "".join(each if each.isalnum() or each in " -_()" else "_" for each in stem)
    return (re.sub(r"[ _]{2,}", "_", kept).strip(" _-")[:80].strip() or "dokumen") + EXTENSIONS[media_type]
