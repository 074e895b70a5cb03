"""Requests whose end, or size, a proxy may see elsewhere than the backend."""

from collections.abc import Iterator

from benchmarks.leak.credentials import Credential
from benchmarks.leak.probe import HOST, request_bytes
from benchmarks.leak.world import API, REFUSED

MIB = 1024 * 1024


def shapes(who: Credential, *, a: str, b: str) -> Iterator[tuple[str, bytes]]:
    for name, request in _smuggled(who, a, b):
        yield f"smuggled {name}", request
    for name, request in _oversized(who, b):
        yield f"oversized {name}", request


def _smuggled(who: Credential, a: str, b: str) -> Iterator[tuple[str, bytes]]:
    """A second request in the first, for B, by nobody: it must not borrow the first one's key."""
    own = "".join(f"{name}: {value}\r\n" for name, value in who.headers)
    for method in ("GET", "DELETE"):
        hidden = f"{method} {API}/conversations/{b}/messages HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
        size = len(hidden)
        begin = f"POST {API}/conversations/{a}/search HTTP/1.1\r\nHost: {HOST}\r\n{own}"
        chunked = "Transfer-Encoding: chunked\r\n"
        forms = {
            "cl te": f"Content-Length: {size + 5}\r\n{chunked}\r\n0\r\n\r\n",
            "te cl": f"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{size:x}\r\n",
            "te te": "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
            "te x": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "te space": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "te tab": "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n",
            "te folded": "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
            "two lengths": f"Content-Length: 0\r\nContent-Length: {size}\r\n\r\n",
            "list of lengths": f"Content-Length: 0, {size}\r\n\r\n",
            "signed length": "Content-Length: +0\r\n\r\n",
            "bare lf": "Content-Length: 0\n\n",
            "bare cr": "X: y\rContent-Length: 0\r\n\r\n",
            "chunk extension": "Transfer-Encoding: chunked\r\n\r\n0;a=\r\nb\r\n\r\n",
            "chunk size": "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
            "pipelined": "Content-Length: 2\r\nContent-Type: application/json\r\n\r\n{}",
            "get with a body": f"Content-Length: {size}\r\n\r\n",
        }
        for name, shape in forms.items():
            last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            yield f"{name} {method}", (begin + shape + hidden + last).encode()


def _oversized(who: Credential, b: str) -> Iterator[tuple[str, bytes]]:
    path = f"{API}/conversations/{b}/messages"
    said = f'{{"id": "{REFUSED}", "role": "user", "participant": "ada", "content": "'
    for name, body in {
        "content": f'{{"messages": [{said}{"x" * MIB}"}}]}}',
        "body": "[" + "1," * (2 * MIB + 10) + "1]",
        "depth": "[" * 200_000,
        "keys": "{" + ",".join(f'"k{n}": 1' for n in range(50_000)) + "}",
        "number": '{"messages": ' + "9" * 100_000 + "}",
        "batch": '{"messages": [' + ",".join(["{}"] * 20_000) + "]}",
    }.items():
        yield name, request_bytes("POST", path, who.headers, body.encode())
    yield "path", request_bytes("GET", path + "/" + "x" * 40_000, who.headers)
    yield "query", request_bytes("GET", path + "?x=" + "x" * 40_000, who.headers)
    yield "header", request_bytes("GET", path, [*who.headers, ("X", "x" * 40_000)])
    yield "headers", request_bytes("GET", path, [*who.headers, *[("X", "x")] * 4_000])
    yield "bearer", request_bytes("GET", path, [("Authorization", "Bearer " + "a.b.c" * 2500)])
    yield "method", request_bytes("X" * 40_000, path, who.headers)
