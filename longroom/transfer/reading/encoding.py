"""Any Unicode encoding that a byte order mark names, read as UTF-8."""

import codecs
from io import BufferedReader, RawIOBase
from typing import BinaryIO

BUFFER_BYTES = 65_536
UTF8_MARK = codecs.BOM_UTF8

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def as_utf8(file: BufferedReader) -> BufferedReader:
    """Without its byte order mark; bytes that are not of the encoding become U+FFFD."""
    start = file.peek(4)
    if start.startswith(UTF8_MARK):
        file.read(len(UTF8_MARK))
        return file
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return BufferedReader(_Recoded(file, encoding), BUFFER_BYTES)
    return file


class _Recoded(RawIOBase):
    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._pending = b""

    def readable(self) -> bool:
        return True

    # Any writable buffer, a type without a name before Python 3.12.
    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        room = memoryview(buffer).cast("B")
        while not self._pending:
            read = self._file.read(BUFFER_BYTES)
            self._pending = self._decoder.decode(read, final=not read).encode("utf-8", "replace")
            if not read:
                break
        given = self._pending[: len(room)]
        self._pending = self._pending[len(given) :]
        room[: len(given)] = given
        return len(given)
