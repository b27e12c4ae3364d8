"""Text of files in any encoding, compressed or not."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zlib
from pathlib import Path

_OPENERS = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decoded_text(path: Path) -> str:
    """Return the text of a file.

    A byte order mark says which encoding it has; without one it is UTF-8, or Latin-1 if it is not
    valid UTF-8.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is compressed, and damaged.
    """
    content = path.read_bytes()
    opener = _OPENERS.get(path.suffix.lower())
    if opener is not None:
        try:
            content = opener(content)
        except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            raise ValueError(f"damaged: {error}") from error
    return decoded(content)


def decoded(content: bytes) -> str:
    """Return bytes as text; see :func:`decoded_text`."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
