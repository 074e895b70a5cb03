"""HTTP/1.1 read strictly: what a proxy in front may read as another request is refused."""

import re
from http import HTTPStatus

import h11

MAX_HEAD_BYTES = 16 * 1024

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FOLDED = re.compile(rb"\n[ \t]")
_BARE = re.compile(rb"(?<!\r)\n|\r[^\n]")
_LENGTHS = re.compile(rb"^content-length[ \t]*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)

AMBIGUOUS_LENGTH = (
    "Content-Length and Transfer-Encoding together leave open where the request ends; send one"
)


NOT_HTTP = "this is not HTTP/1.1: see to the first line, the headers, the length and the chunks"
_REASONS = {
    HTTPStatus.NOT_IMPLEMENTED: "of all Transfer-Encodings only chunked is known",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"path and headers have more than {MAX_HEAD_BYTES}"
    " bytes; send shorter ones",
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED: "this backend speaks HTTP/1.1 and 1.0",
}


class AmbiguousRequest(h11.RemoteProtocolError):
    """May be read in two ways."""


class StrictConnection(h11.Connection):
    """Also refuses two kinds of length, repeated lengths, folded headers and bare line ends.

    h11 itself takes the one of two lengths, unfolds headers and reads LF as CR LF (RFC 9112 allows
    both): a proxy that does otherwise sees other requests than this program.
    """

    refusal: tuple[HTTPStatus, str] | None = None
    """Why `next_event` raised; without what was sent."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            if self.their_state is h11.IDLE:
                _check_head(self.trailing_data[0])
            event = super().next_event()
            if isinstance(event, h11.Request):
                _check_framing(event)
        except AmbiguousRequest as error:
            self.refusal = HTTPStatus.BAD_REQUEST, str(error)
            raise
        except h11.RemoteProtocolError as error:
            self.refusal = _of_h11(error)
            raise
        return event


def _check_head(received: bytes) -> None:
    """Also of a head that is not complete yet."""
    end = _HEAD_END.search(received)
    head = received[: end.end()] if end else received
    if len(head) > MAX_HEAD_BYTES:
        raise h11.RemoteProtocolError("head too long", error_status_hint=431)
    if _FOLDED.search(head):
        raise AmbiguousRequest("a header is folded over several lines; send it in one")
    if _BARE.search(head):
        raise AmbiguousRequest("a line of the head ends in CR or LF alone; end lines in CR LF")
    lengths = _LENGTHS.findall(head)
    if len(lengths) > 1 or any(b"," in length for length in lengths):
        raise AmbiguousRequest("Content-Length is given more than once; send it once")


def _check_framing(request: h11.Request) -> None:
    if request.http_version not in (b"1.0", b"1.1"):
        raise h11.RemoteProtocolError("another version", error_status_hint=505)
    names = {name for name, _ in request.headers}
    if b"transfer-encoding" not in names:
        return
    if b"content-length" in names:
        raise AmbiguousRequest(AMBIGUOUS_LENGTH)
    if request.http_version < b"1.1":
        raise AmbiguousRequest("HTTP/1.0 has no Transfer-Encoding; send Content-Length")


def _of_h11(error: h11.RemoteProtocolError) -> tuple[HTTPStatus, str]:
    # Its messages quote the input.
    status = HTTPStatus(error.error_status_hint)
    return status, _REASONS.get(status, NOT_HTTP)
