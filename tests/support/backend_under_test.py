from dataclasses import dataclass


@dataclass(frozen=True)
class BackendUnderTest:
    """Where the backend answers, and the headers that it wants."""

    url: str
    headers: dict[str, str]
