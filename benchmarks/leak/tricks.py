"""Requests that a proxy, a framework or a parser may read in another way than the guard."""

from collections.abc import Iterator

from benchmarks.leak.credentials import Credential
from benchmarks.leak.probe import HOST, Probe, request_bytes
from benchmarks.leak.shapes import shapes
from benchmarks.leak.world import API, World


class Tricks:
    """Each is judged by what it shows and changes alone: many are answered with another's 200."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._a = str(world.conversations["a"])
        self._b = str(world.conversations["b"])

    def all(self, who: Credential) -> Iterator[Probe]:
        for what, request in (*self._paths(who), *self._with_headers(who), *self._methods(who)):
            yield self._probe(what, who, request)
        for what, request in shapes(who, a=self._a, b=self._b):
            yield self._probe(what, who, request)

    def _paths(self, who: Credential) -> Iterator[tuple[str, bytes]]:
        for target in self._targets():
            yield f"path {target[:60]}", request_bytes("GET", target, who.headers)

    def _with_headers(self, who: Credential) -> Iterator[tuple[str, bytes]]:
        here = f"{API}/conversations"
        for header in self._headers(who):
            headers = [*who.headers, header]
            for end in ("messages", "export"):
                yield f"header {header}", request_bytes("GET", f"{here}/{self._b}/{end}", headers)
            for method in ("GET", "POST"):
                target = f"{here}/{self._a}/messages"
                yield f"header {header} at a", request_bytes(method, target, headers, b"{}")

    def _methods(self, who: Credential) -> Iterator[tuple[str, bytes]]:
        for method in ("HEAD", "TRACE", "CONNECT", "OPTIONS", "PROPFIND", "get", "PUT", "G T", ""):
            for end in ("messages", "export", "changes"):
                target = f"{API}/conversations/{self._b}/{end}"
                yield f"method {method}", request_bytes(method, target, who.headers)

    def _probe(self, what: str, who: Credential, request: bytes) -> Probe:
        return Probe(what, who, request, permitted=False, judged_by_status=False)

    def _targets(self) -> Iterator[str]:
        a, b = self._a, self._b
        for end in ("messages", "export", "changes", "events"):
            here = f"{API}/conversations"
            yield from (
                f"{here}/{a}/../{b}/{end}",
                f"{here}/{a}/%2e%2e/{b}/{end}",
                f"{here}/{a}%2f..%2f{b}/{end}",
                f"{here}/{a}%252f..%252f{b}/{end}",
                f"{here}/{a}/..%5c{b}/{end}",
                f"{here}/{a}/..;/{b}/{end}",
                f"{here}/{a};{b}/{end}",
                f"{here}/{a},{b}/{end}",
                f"{here}/{a}%00{b}/{end}",
                f"{here}/{a}%0d%0a{b}/{end}",
                f"{here}//{b}/{end}",
                f"//{HOST}{here}/{b}/{end}",
                f"{here}/{b}/{end}/",
                f"{here}/{b}/{end}.json",
                f"{here}/{b}/{end}%20",
                f"{here}/{b}/{end}%3fx=1",
                f"{here}/{b}/%6d{end[1:]}",
                f"{here.upper()}/{b}/{end}",
                f"{here}/%7b{b}%7d/{end}",
                f"{here}/{b}/{end}#{a}",
                f"{here}/{a}/{end}?conversation_id={b}",
                f"{here}/{a}/{end}?conversation_id={a}&conversation_id={b}",
                f"{here}/{a}/{end}?_method=GET&path={here}/{b}/{end}",
                f"{here}/{b}/{end}?key=lr_&access_token=x&token=x&api_key=x",
                f"http://{HOST}{here}/{b}/{end}",
                f"http://{HOST}:1@{HOST}{here}/{b}/{end}",
                f"https://elsewhere.example{here}/{b}/{end}",
                f"{here}/{a}/messages/../../{b}/{end}",
                f"/api/v2/conversations/{b}/{end}",
                f"/conversations/{b}/{end}",
                f"/api/v1/../api/v1/conversations/{b}/{end}",
                f"{here}/\uff0e\uff0e/{b}/{end}",
            )
        yield from (
            "*",
            "/metrics",
            "/metrics/",
            "/readyz",
            f"{API}/openapi.json",
            f"{API}/docs",
            "/docs",
            "/redoc",
            "/openapi.json",
            "/static/../../etc/passwd",
            "/.env",
            f"{API}/rooms/{self._world.room('b')}",
            f"{API}/rooms/{self._world.room('b')}/agent-joined",
            f"{API}/sessions/s-b",
            f"{API}/workers/longroom/w1",
            f"{API}/participants/hal/export",
            f"{API}/conversations",
            f"{API}/conversations?key=room-b",
        )

    def _headers(self, who: Credential) -> Iterator[tuple[str, str]]:
        target = f"{API}/conversations/{self._b}/messages"
        bearer = who.bearer or "x"
        yield from (
            ("X-HTTP-Method-Override", "DELETE"),
            ("X-HTTP-Method", "DELETE"),
            ("X-Method-Override", "PATCH"),
            ("X-Original-URL", target),
            ("X-Rewrite-URL", target),
            ("X-Forwarded-Prefix", f"/conversations/{self._b}"),
            ("X-Forwarded-Host", "127.0.0.1"),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Real-IP", "127.0.0.1"),
            ("X-Forwarded-Proto", "https"),
            ("Forwarded", "for=127.0.0.1;host=localhost"),
            ("X-Forwarded-User", "admin"),
            ("X-Remote-User", "admin"),
            ("X-API-Key", "service"),
            ("Proxy-Authorization", f"Bearer {bearer}"),
            ("Authorization", "Bearer wrong"),
            ("Authorization", f"Bearer {bearer}"),
            ("authorization ", "Bearer x"),
            ("Cookie", f"Authorization=Bearer {bearer}"),
            ("Connection", "close, Authorization"),
            ("Range", "bytes=0-100000"),
            ("If-None-Match", "*"),
            ("Accept", "text/html"),
            ("Origin", "null"),
            ("Expect", "100-continue"),
            ("Upgrade", "h2c"),
            ("Upgrade", "websocket"),
            ("Host", "elsewhere.example"),
            ("Content-Encoding", "gzip"),
            ("traceparent", f"00-{'1' * 32}-{'1' * 16}-01"),
            ("X-Request-ID", "' or 1=1 --"),
        )
