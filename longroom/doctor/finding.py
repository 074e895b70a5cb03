"""What one look found: fine, worth knowing, or broken, and how to mend it."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line of the report; `mend` is empty where there is nothing to do."""

    name: str
    status: Status
    text: str
    mend: str = ""


def ok(name: str, text: str) -> Finding:
    return Finding(name, "ok", text)


def warn(name: str, text: str, *, mend: str) -> Finding:
    return Finding(name, "warn", text, mend)


def fail(name: str, text: str, *, mend: str) -> Finding:
    return Finding(name, "fail", text, mend)
