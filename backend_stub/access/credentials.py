"""Access: the service key, or in open mode anyone who reaches the port."""

import hmac
import ipaddress
from http import HTTPStatus

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from backend_stub.errors import OpenBindRefused

DEVELOPMENT_SECRET = "for-development-only-replace-this-secret"  # noqa: S105  # no secret
"""LIVEKIT_API_SECRET of docker-compose.yml and .env.example."""


class Credentials:
    """Without a key the backend is open; `local_only` then makes it refuse foreign Host headers:
    against DNS rebinding by pages in a browser on this machine.
    `required`: it is not open without a key either.
    """

    def __init__(
        self, service_key: SecretStr | None, *, local_only: bool, required: bool = False
    ) -> None:
        self._key = service_key.get_secret_value().encode() if service_key else None
        self._local_only = local_only
        self._required = required

    @property
    def open(self) -> bool:
        return self._key is None and not self._required

    def is_service_key(self, given: str | None) -> bool:
        # As bytes: compare_digest refuses text that is not ASCII.
        return (
            given is not None
            and self._key is not None
            and hmac.compare_digest(given.encode("latin-1"), self._key)
        )

    @property
    def service_key(self) -> str | None:
        return None if self._key is None else self._key.decode()

    def check(self, headers: Headers) -> None:
        """Raises HTTPException 401 or 403 without the service key."""
        if not self.is_service_key(bearer(headers)):
            self.check_open(headers)

    def check_open(self, headers: Headers) -> None:
        """Raises HTTPException 401 if the backend is not open, 403 if it is, but not for this."""
        if not self.open:
            raise unauthorized("send a key as 'Authorization: Bearer KEY'")
        if self._local_only and not is_loopback(_host_name(headers.get("host", ""))):
            raise HTTPException(
                HTTPStatus.FORBIDDEN,
                "an open backend on loopback answers only requests addressed to loopback;"
                " set BACKEND_SERVICE_KEY, or BACKEND_OPEN=true",
            )


def unauthorized(detail: str) -> HTTPException:
    """401"""
    return HTTPException(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})


def bearer(headers: Headers) -> str | None:
    """Raises HTTPException 401 if there are several: a proxy may have looked at another one."""
    sent = headers.getlist("authorization")
    if len(sent) > 1:
        raise unauthorized("send one Authorization header")
    scheme, _, given = "".join(sent).partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None


def check_bind(
    host: str, *, service_key: SecretStr | None, open_allowed: bool, keys_required: bool = False
) -> None:
    """Raises OpenBindRefused if an open backend would be reachable from the network."""
    closed = service_key is not None or keys_required
    if not closed and not open_allowed and not is_loopback(host):
        raise OpenBindRefused(
            f"refusing to serve {host} without a credential: set BACKEND_SERVICE_KEY,"
            " or BACKEND_KEYS_REQUIRED=true, or BACKEND_OPEN=true, or bind to 127.0.0.1"
        )


def check_development_keys(host: str, *, livekit_secret: str, open_allowed: bool) -> None:
    """Raises OpenBindRefused for the published secret beyond loopback."""
    if livekit_secret == DEVELOPMENT_SECRET and not open_allowed and not is_loopback(host):
        raise OpenBindRefused(
            f"refusing to serve {host} with the LIVEKIT_API_SECRET of .env.example, which everybody"
            " knows: make your own keys, or set BACKEND_OPEN=true, or bind to 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(host_header: str) -> str:
    if host_header.startswith("["):
        return host_header[1:].partition("]")[0]
    return host_header.partition(":")[0].lower()
