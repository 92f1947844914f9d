"""What a PDF has inside: no script, no action of its own, no other file, no password, and not more than can be looked at."""

from __future__ import annotations

import io
import threading
import zlib
from collections.abc import Iterator
from typing import Any

from chassis.errors import FieldError, InvalidFields

MOST_OBJECTS = 20_000
MOST_INSIDE = 128 * 1024 * 1024  # bytes that all streams together may become
CHUNK = 256 * 1024
# What makes a viewer do something that nobody asked for, or carries something that is no page.
ACTIVE_KEYS = frozenset({"/JS", "/JavaScript", "/AA", "/EF", "/EmbeddedFiles", "/XFA", "/RichMediaContent", "/RichMediaSettings"})
ACTIONS = frozenset(
    {
        "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/Rendition", "/Movie", "/Sound", "/RichMediaExecute",
        "/ResetForm", "/Hide", "/SetOCGState",
    }
)  # fmt: skip
KINDS = frozenset({"/EmbeddedFile", "/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"})
_reading = threading.Semaphore(1)  # one at a time, whatever the number of calls


def examined(content: bytes) -> None:
    """Return if a PDF only shows pages; InvalidFields with the rule that it breaks."""
    with _reading:
        try:
            _examine(content)
        except InvalidFields:
            raise
        except Exception as wrong:
            # A stranger's file may break a parser in any way; all of it means that nobody can read the document.
            raise _refusal(
                "unreadable", "Berkas rusak atau tidak dapat dibaca.", "The file is damaged or cannot be read."
            ) from wrong


def _examine(content: bytes) -> None:
    from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget
    from pyhanko.pdf_utils.reader import PdfFileReader

    limits = DecodeLimits(document_budget=DocumentDecodeBudget(base_allowance=MOST_INSIDE, max_ratio=0))
    reader = PdfFileReader(io.BytesIO(content), strict=False, decode_limits=limits)
    if reader.encrypted:
        raise _refusal("encrypted", "PDF tidak boleh berkata sandi.", "The PDF must not have a password.")
    if "/Kids" not in reader.root["/Pages"]:
        raise ValueError("no pages")
    inside = 0
    for each in _objects(reader):
        if _is_active(each):
            raise _refusal(
                "active",
                "PDF tidak boleh berisi skrip, tindakan otomatis, atau berkas lain. Cetak ulang sebagai PDF biasa.",
                "The PDF must not have scripts, actions of its own or other files inside. Print it to a plain PDF.",
            )
        inside += _size_of(each, MOST_INSIDE - inside)


def _objects(reader: Any) -> Iterator[Any]:
    """Yield every dictionary (streams are some) of a PDF: those that its tables name and those within them."""
    from pyhanko.pdf_utils import generic

    tables = (reader.xrefs.explicit_refs_in_revision(each) for each in range(reader.total_revisions))
    waiting: list[Any] = [reader.trailer.raw_get("/Root"), *(reference for table in tables for reference in table)]
    met: set[tuple[int, int]] = set()
    looked_at = 0
    while waiting:
        each = waiting.pop()
        if isinstance(each, (generic.IndirectObject, generic.Reference)):
            place = (each.idnum, each.generation)
            if place in met:
                continue
            met.add(place)
            each = each.get_object()
        looked_at += 1
        if looked_at > 10 * MOST_OBJECTS or len(met) > MOST_OBJECTS:
            raise _too_much()
        if isinstance(each, generic.DictionaryObject):
            yield each
            waiting += [each.raw_get(key) for key in each]
        elif isinstance(each, generic.ArrayObject):
            waiting += [each.raw_get(place) for place in range(len(each))]


def _is_active(each: Any) -> bool:
    if not ACTIVE_KEYS.isdisjoint(each.keys()):
        return True
    if each.get("/S") in ACTIONS or {each.get("/Type"), each.get("/Subtype")} & KINDS:
        return True
    if (opening := each.get("/OpenAction")) is None:
        return False
    return not isinstance(opening, list) and opening.get("/S") != "/GoTo"  # a place in the document is no harm


def _size_of(each: Any, most: int) -> int:
    """Return how many bytes a stream becomes, as far as its filters pack; `most` are allowed."""
    from pyhanko.pdf_utils import filters, generic

    if not isinstance(each, generic.StreamObject):
        return 0
    said, data, size = each.get("/Filter", ()), bytes(each.encoded_data), 0
    names = [said] if isinstance(said, str) else list(said)
    for place, name in enumerate(names, 1):
        if name in {"/FlateDecode", "/Fl"}:
            data, became = _inflated(data, most - size, keep=place < len(names))
            size += became
        elif name in {"/ASCII85Decode", "/ASCIIHexDecode", "/A85", "/AHx"}:
            data = filters.get_generic_decoder(name).decode(data, {})
        else:
            break  # pictures: their own decoders know their sizes
    return size


def _inflated(data: bytes, most: int, *, keep: bool) -> tuple[bytes, int]:
    """Return unpacked bytes (none unless they are kept) and their number; InvalidFields above `most`.

    What is cut off or broken is as long as it is.
    """
    unpack, out, size = zlib.decompressobj(), io.BytesIO(), 0
    while data and not unpack.eof:
        try:
            part = unpack.decompress(data, CHUNK)
        except zlib.error:
            break
        if not part and data == unpack.unconsumed_tail:
            break
        data, size = unpack.unconsumed_tail, size + len(part)
        if size > most:
            raise _too_much()
        if keep:
            out.write(part)
    return out.getvalue(), size


def _too_much() -> InvalidFields:
    return _refusal("too_much_inside", "Isi PDF terlalu besar.", "The PDF has too much inside.")


def _refusal(code: str, indonesian: str, english: str) -> InvalidFields:
    return InvalidFields(fields=[FieldError("content", code, indonesian, english)])
