from dataclasses import dataclass


@dataclass(frozen=True)
class BackendUnderTest:
    """Where the backend answers, and the headers that it wants."""

    url: str
    headers: dict[str, str]

    @property
    def key(self) -> str | None:
        return self.headers.get("Authorization", "").removeprefix("Bearer ") or None
