"""Addresses of databases in messages."""

import pytest

from retrieval.database.unreachable import shown, unusable


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me:hidden@host:5433/rooms", "postgresql://me@host:5433/rooms"),
        ("postgresql://me:hid@den@host/rooms", "postgresql://me@host/rooms"),
        ("postgresql://host/rooms?password=hidden&user=me", "postgresql://host/rooms?user=me"),
        ("postgresql://host/rooms?sslpassword=hidden", "postgresql://host/rooms"),
        ("postgresql:///rooms?host=/run/pg", "postgresql:///rooms?host=/run/pg"),
        ("postgresql://me:1/hidden@host/rooms", "the address"),
        ("postgresql://me:1#hidden@host/rooms", "the address"),
        ("postgresql://me:1?hidden@host/rooms", "the address"),
    ],
)
def test_no_address_shows_a_password(url: str, told: str) -> None:
    assert shown(url) == told


def test_what_cannot_be_read_is_not_quoted() -> None:
    error = ValueError("invalid literal for int() with base 10: 'hidden'")
    said = str(unusable("postgresql://me:hidden#1@host/rooms", error))
    assert "hidden" not in said
    assert "%23" in said
