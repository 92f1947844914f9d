"""Files that are not what they seem."""

import io
import struct
import zipfile
import zlib

from deploy.local import demo


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pixel_bomb() -> bytes:
    """Return a PNG of a few kilobytes that says it is 30,000 × 30,000."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(90_001) * 100, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def zip_bomb() -> bytes:
    """Return an archive that grows a thousandfold."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(8):
            archive.writestr(f"{number}.bin", bytes(10_000_000))
    return kept.getvalue()


def pdf(*objects: bytes, catalog: bytes = b"") -> bytes:
    """Return a PDF of one empty page with more in its catalog and more objects."""
    parts = [b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
             b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>", *objects]  # fmt: skip
    out, places = b"%PDF-1.7\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return out + end % (len(parts) + 1, table, len(parts) + 1, len(out))


def pdf_bomb() -> bytes:
    """Return a PDF whose stream grows to 300 MB."""
    packed = zlib.compress(bytes(300_000_000), 9)
    return pdf(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed))


SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
REFUSED = {
    "svg with a script": ("ktp.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    "svg called png": ("ktp.png", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
    "page called jpg": ("ktp.jpg", b"<!doctype html><script>alert(1)</script>"),
    "program called pdf": ("ktp.pdf", b"MZ\x90\x00" + bytes(200)),
    "archive": ("ktp.zip", zip_bomb()),
    "archive called png": ("ktp.png", zip_bomb()),
    "pixel bomb": ("ktp.png", pixel_bomb()),
    "half a picture": ("ktp.png", demo.picture()[:60]),
    "pdf that runs a script": ("ktp.pdf", pdf(SCRIPT, catalog=b"/OpenAction 4 0 R")),
    "pdf with a file inside": ("ktp.pdf", pdf(b"<< /Type /Filespec /F (a.exe) /EF << /F 5 0 R >> >>", b"<< /Type /EmbeddedFile /Length 0 >>\nstream\n\nendstream",
                                           catalog=b"/Names << /EmbeddedFiles << /Names [(a.exe) 4 0 R] >> >>")),
    "pdf that launches": ("ktp.pdf", pdf(b"<< /S /Launch /F (calc.exe) >>", catalog=b"/OpenAction 4 0 R")),
    "pdf bomb": ("ktp.pdf", pdf_bomb()),
    "empty": ("ktp.png", b""),
}  # fmt: skip
