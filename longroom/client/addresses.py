"""Parts of the addresses that are asked for."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit, urlunsplit


def without_user(url: str) -> str:
    """As messages may show it: no user, and no password."""
    parts = urlsplit(url.rstrip("/"))
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def segment(name: str) -> str:
    """Escaped: "." and ".." would change the path."""
    return quote(name, safe="").replace(".", "%2E")


def query_of(given: Mapping[str, object]) -> str:
    """Without what is None; a list's name is repeated for each of its values."""
    told = {name: _told(value) for name, value in given.items() if value is not None}
    return urlencode(told, doseq=True)


def _told(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
