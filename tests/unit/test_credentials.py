from typing import Any

import pytest
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from backend_stub.errors import OpenBindRefused
from backend_stub.http.credentials import Credentials, check_bind, is_loopback

KEY = SecretStr("schlüssel")


def status_of(credentials: Credentials, **headers: Any) -> int:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    try:
        credentials.check(Headers(raw=raw))
    except HTTPException as error:
        return error.status_code
    return 200


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer schlüssel", 200),
        ("bearer schlüssel", 200),
        ("Bearer  schlüssel ", 200),
        ("Bearer Schlüssel", 401),
        ("Bearer schlüssel2", 401),
        ("Bearer", 401),
        ("schlüssel", 401),
        ("Basic schlüssel", 401),
        ("", 401),
    ],
)
def test_only_the_key_opens(authorization: str, status: int) -> None:
    credentials = Credentials(KEY, local_only=False)

    assert status_of(credentials, authorization=authorization) == status


def test_with_a_key_any_host_name_is_served() -> None:
    credentials = Credentials(KEY, local_only=True)

    assert status_of(credentials, authorization="Bearer schlüssel", host="api.example.com") == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1:8000", 200),
        ("127.8.9.10", 200),
        ("[::1]:8000", 200),
        ("LOCALHOST", 200),
        ("rebound.example.com:8000", 403),
        ("127.0.0.1.example.com", 403),
        ("192.168.1.7:8000", 403),
        ("", 403),
    ],
)
def test_an_open_backend_on_loopback_is_reached_by_loopback_names_only(
    host: str, status: int
) -> None:
    assert status_of(Credentials(None, local_only=True), host=host) == status


def test_a_backend_that_is_open_by_setting_serves_any_host() -> None:
    assert status_of(Credentials(None, local_only=False), host="api.example.com") == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.com"])  # noqa: S104
def test_an_address_beyond_loopback_needs_a_key_or_the_open_setting(host: str) -> None:
    with pytest.raises(OpenBindRefused, match="BACKEND_SERVICE_KEY"):
        check_bind(host, service_key=None, open_allowed=False)
    check_bind(host, service_key=KEY, open_allowed=False)
    check_bind(host, service_key=None, open_allowed=True)


def test_loopback_is_served_without_either() -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        assert is_loopback(host)
        check_bind(host, service_key=None, open_allowed=False)
