"""One line of the doctor's report."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """`mend`: what to do about it; empty for ok."""

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
