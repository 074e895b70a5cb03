"""What an answer gives away, and what it should not have been."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.leak.probe import Probe
from benchmarks.leak.wire import Answer
from benchmarks.leak.world import LETTERS, World

KEPT_FINDINGS = 20


@dataclass
class Findings:
    probes: int = 0
    leaks: int = 0
    server_errors: int = 0
    unanswered: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, kind: str, what: str) -> None:
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.told) < KEPT_FINDINGS:
            self.told.append(f"{kind}: {what}")

    @property
    def clean(self) -> bool:
        return not (self.leaks or self.server_errors or self.unanswered)


def judge(world: World, probe: Probe, answer: Answer, findings: Findings) -> None:
    findings.probes += 1
    what = f"{probe.credential.name}: {probe.what} -> {_statuses(answer.statuses)}"
    for letter in LETTERS:
        if world.canary(letter) in answer.text and not probe.credential.sees(letter):
            findings.add("leaks", f"{what} shows {letter}")
            return
    if not answer.statuses:
        findings.add("unanswered", what)
    elif any(status >= 500 and status not in (501, 505) for status in answer.statuses):
        findings.add("server_errors", what)
    elif probe.judged_by_status and not probe.permitted and answer.status < 300:
        findings.add("leaks", f"{what} was done")


def _statuses(statuses: Sequence[int]) -> str:
    return " ".join(map(str, statuses)) or "nothing"
