"""One request by somebody, and whether it may be done."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.leak.credentials import Credential

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Probe:
    what: str
    credential: Credential
    request: bytes
    permitted: bool
    """Whether it may be done; if not, a 2xx is a leak by itself. Unknown for tricks: False."""
    judged_by_status: bool = True

    @property
    def group(self) -> tuple[str, bool, str]:
        """One at least of each group is sent: of each route, and of each kind of trick."""
        method, _, rest = self.what.partition(" ")
        kind = f"{method} {rest.partition(' at ')[0]}" if method.isupper() else method
        return kind, self.judged_by_status, self.credential.name


def request_bytes(
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes | None = None,
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    head = "\r\n".join(lines) + "\r\n\r\n"
    return head.encode("latin-1", "replace") + (body or b"")
