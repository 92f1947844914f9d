"""Pictures that people send: told by their bytes, decoded within bounds, and made anew without anything but pixels."""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.errors import FieldError, InvalidFields

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000  # a 40 MP picture takes 120 MB while it is decoded
MAX_SIDE = 16_000
LONGEST = 1600  # pixels of the longest side of a photo
QUALITY = 85
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_decoding = threading.Semaphore(1)  # one picture at a time, whatever the number of calls


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture made anew: its bytes, its media type, and its size in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int


def media_type_of(content: bytes) -> str | None:
    """Return the media type that the first bytes tell (JPEG, PNG, WebP), None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def cleaned(content: bytes, *, field: str = "content", longest: int = LONGEST, keep_format: bool = False) -> Picture:
    """Return the picture upright, at most `longest` pixels a side, as JPEG unless `keep_format`, with no metadata at all.

    InvalidFields names `field` and the rule that the content breaks: empty, too_large, type, unreadable, too_many_pixels.
    """
    if not content:
        raise refusal(field, "empty", "Berkas kosong.", "The file is empty.")
    if len(content) > MAX_BYTES:
        raise refusal(field, "too_large", "Berkas paling besar 5 MiB.", "The file must be at most 5 MiB.")
    media_type = media_type_of(content)
    if media_type is None:
        raise refusal(field, "type", "Foto harus JPEG, PNG, atau WebP.", "The photo must be JPEG, PNG or WebP.")
    made_as = media_type if keep_format else "image/jpeg"
    with _decoding:
        return _made_anew(content, FORMATS[media_type], made_as, field, longest)


def refusal(field: str, code: str, indonesian: str, english: str) -> InvalidFields:
    """Return the refusal of one file."""
    return InvalidFields(fields=[FieldError(field, code, indonesian, english)])


def _made_anew(content: bytes, form: str, made_as: str, field: str, longest: int) -> Picture:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            with Image.open(io.BytesIO(content), formats=(form,)) as image:
                _reject_bomb(image, field)
                image.draft("RGB", (longest, longest))  # a JPEG is decoded no larger than needed; others ignore it
                return _encoded(_upright(image, longest, made_as), made_as)
        except InvalidFields:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise _bomb(field) from None
        except Exception as wrong:
            raise _unreadable(field) from wrong


def _upright(image: Image.Image, longest: int, made_as: str) -> Image.Image:
    """Return the pixels alone, turned as the camera was held, no larger than asked."""
    from PIL import ImageOps

    image.load()
    see_through = image.has_transparency_data
    turned = ImageOps.exif_transpose(image).convert("RGBA" if see_through else "RGB")
    turned.thumbnail((longest, longest))
    if see_through and made_as == "image/jpeg":
        from PIL import Image

        paper = Image.new("RGB", turned.size, "white")
        paper.paste(turned, mask=turned.getchannel("A"))
        turned = paper
    turned.info.clear()  # else a profile or a comment would be written again
    return turned


def _encoded(image: Image.Image, made_as: str) -> Picture:
    out = io.BytesIO()
    image.save(out, FORMATS[made_as], **({} if made_as == "image/png" else {"quality": QUALITY}))
    return Picture(out.getvalue(), made_as, image.width, image.height)


def _reject_bomb(image: Image.Image, field: str) -> None:
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise _bomb(field)
    if getattr(image, "n_frames", 1) != 1:
        raise _unreadable(field)


def _bomb(field: str) -> InvalidFields:
    return refusal(
        field, "too_many_pixels", "Gambar paling besar 40 megapiksel.", "The picture must have at most 40 megapixels."
    )  # fmt: skip


def _unreadable(field: str) -> InvalidFields:
    return refusal(field, "unreadable", "Berkas rusak atau tidak dapat dibaca.", "The file is damaged or cannot be read.")
