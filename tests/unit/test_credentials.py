from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from backend_stub.access.credentials import (
    DEVELOPMENT_SECRET,
    Credentials,
    check_bind,
    check_development_keys,
    is_loopback,
)
from backend_stub.access.exposure import exposed
from backend_stub.errors import OpenBindRefused
from backend_stub.settings import BackendSettings, Exposed

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


def test_the_published_secret_is_refused_beyond_loopback() -> None:
    known = {"livekit_secret": DEVELOPMENT_SECRET}
    with pytest.raises(OpenBindRefused, match="LIVEKIT_API_SECRET"):
        check_development_keys("0.0.0.0", **known, open_allowed=False)  # noqa: S104
    check_development_keys("0.0.0.0", **known, open_allowed=True)  # noqa: S104
    check_development_keys("127.0.0.1", **known, open_allowed=False)
    check_development_keys("0.0.0.0", livekit_secret="mine", open_allowed=False)  # noqa: S104


@pytest.mark.parametrize("file", ["docker-compose.yml", ".env.example"])
def test_the_published_secret_is_the_one_that_is_refused(file: str) -> None:
    assert DEVELOPMENT_SECRET in (Path(__file__).parents[2] / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("setting", "host", "is_open", "found"),
    [
        (None, "127.0.0.1", False, "open"),
        (None, "10.0.0.1", False, "key"),
        (None, "10.0.0.1", True, "open"),
        ("open", "10.0.0.1", False, "open"),
        ("off", "127.0.0.1", True, "off"),
        ("key", "127.0.0.1", True, "key"),
    ],
)
def test_figures_are_open_on_loopback_and_in_an_open_backend(
    setting: Exposed | None, host: str, is_open: bool, found: Exposed
) -> None:
    assert exposed(setting, BackendSettings(host=host, open=is_open)) == found
