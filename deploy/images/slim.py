"""Drop from an image's environment what no process reads; run in the builder stage: `python slim.py FOLDER`."""

import shutil
import struct
import sys
from pathlib import Path

SPOKEN = {"s3", "sts"}  # of the 400 services that botocore describes in 20 MB
_HEADER = struct.Struct("<4sBB26xQ14xHH")  # of a 64-bit ELF file: magic, class, byte order, segments from, size, count
_SEGMENT = struct.Struct("<8xQ16xQ16x")  # offset and size of a segment in the file


def main(environment: Path) -> None:
    """Slim the environment in a folder, in place."""
    for described in environment.rglob("botocore/data/*/"):
        if described.name not in SPOKEN:
            shutil.rmtree(described)
    for tests in environment.glob("lib/*/site-packages/*/tests/"):
        shutil.rmtree(tests)
    for library in environment.rglob("*.so*"):
        content = library.read_bytes()
        if (loaded := without_symbols(content)) != content:
            library.write_bytes(loaded)


def without_symbols(library: bytes) -> bytes:
    """Return a shared library without what the loader never reads: the symbols and notes for debuggers behind its segments."""
    magic, bits, order, segments, size, count = _HEADER.unpack_from(library)
    if (magic, bits, order, size) != (b"\x7fELF", 2, 1, _SEGMENT.size):
        return library
    ends = [sum(_SEGMENT.unpack_from(library, segments + at * size)) for at in range(count)]
    head = bytearray(library[: max(ends)])
    head[40:48] = bytes(8)  # no table of sections any more
    head[60:64] = bytes(4)
    return bytes(head)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
