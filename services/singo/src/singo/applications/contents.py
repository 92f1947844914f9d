"""What an attachment really is, told by its bytes: JPEG, PNG, WebP or PDF, small enough and readable."""

from __future__ import annotations

import io
import re
import threading
import unicodedata
import warnings
from dataclasses import dataclass

from chassis.errors import FieldError, InvalidFields

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000  # a 40 MP picture takes 120 MB while it is decoded
MAX_SIDE = 16_000
EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf"}
PIL_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_decoding = threading.Semaphore(1)  # one picture at a time, whatever the number of calls


@dataclass(frozen=True, slots=True)
class Document:
    """An accepted attachment: a file name safe to show and to save, its media type."""

    file_name: str
    media_type: str


def recognise(file_name: str, content: bytes) -> Document:
    """Return what `content` is; InvalidFields with the rule it breaks."""
    if not content:
        raise _refusal("empty", "Berkas kosong.", "The file is empty.")
    if len(content) > MAX_BYTES:
        raise _refusal("too_large", "Berkas paling besar 5 MiB.", "The file must be at most 5 MiB.")
    media_type = _media_type(content)
    if media_type is None:
        raise _refusal("type", "Berkas harus JPEG, PNG, WebP, atau PDF.", "The file must be JPEG, PNG, WebP or PDF.")
    readable = _readable_pdf(content) if media_type == "application/pdf" else _readable_image(content, PIL_FORMATS[media_type])
    if not readable:
        raise _refusal("unreadable", "Berkas rusak atau tidak dapat dibaca.", "The file is damaged or cannot be read.")
    return Document(safe_name(file_name, media_type), media_type)


def _media_type(content: bytes) -> str | None:
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if re.match(rb"%PDF-[12]\.[0-9]", content) else None


def _readable_pdf(content: bytes) -> bool:
    end = content[-2048:]
    return b"%%EOF" in end and b"startxref" in end and b"/Encrypt" not in end


def _readable_image(content: bytes, form: str) -> bool:
    """Decode the whole picture: a header alone says nothing of what follows."""
    from PIL import Image

    with _decoding, warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            with Image.open(io.BytesIO(content), formats=(form,)) as image:
                _reject_bomb(image.size)
                if getattr(image, "n_frames", 1) != 1:
                    return False
                image.draft("RGB", (512, 512))  # a JPEG is decoded at an eighth of its size; others ignore it
                image.load()
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            _reject_bomb((MAX_SIDE, MAX_SIDE))
        except InvalidFields:
            raise
        except Exception:  # noqa: BLE001 - Pillow raises what its decoders raise, and all of it means the same
            return False
    return True


def _reject_bomb(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS or max(size) > MAX_SIDE:
        raise _refusal("too_many_pixels", "Gambar paling besar 40 megapiksel.", "The picture must have at most 40 megapixels.")


def safe_name(file_name: str, media_type: str) -> str:
    """Return a name without folders, controls and risky signs, at most 80 long, ending as its content demands."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", file_name))[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}\Z", "", last)
    kept = "".join(each if each.isalnum() or each in " -_()" else "_" for each in stem)
    return (re.sub(r"[ _]{2,}", "_", kept).strip(" _-")[:80].strip() or "dokumen") + EXTENSIONS[media_type]


def _refusal(code: str, indonesian: str, english: str) -> InvalidFields:
    return InvalidFields(fields=[FieldError("content", code, indonesian, english)])
