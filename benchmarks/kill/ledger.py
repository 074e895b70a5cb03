"""What was sent, accepted and shown, beside what is stored: the figures of a run."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from retrieval.quotation.delimiter import is_block
from retrieval.wire import Message

QUESTION = re.compile(r"r(?P<room>\d+) (?P<speaker>\w+) (?P<number>\d+):")

ANSWERS = " answers "
ANSWER = re.compile(rf"(?P<agent>[\w-]+){ANSWERS}r\d+ (?P<speaker>\w+) (?P<number>\d+):")


@dataclass
class Ledger:
    """Of one room; `misshown` names prompts that were out of order or had another room's words."""

    room: int
    sent: dict[str, str] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    misshown: list[str] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)
    left_for_the_next: int = 0

    def show(self, prompt: Sequence[tuple[str, str]]) -> None:
        """A prompt's messages, with their roles."""
        turns = list(_turns(prompt))
        if _is_out_of_order(turns):
            self.misshown.append(f"the prompt of room {self.room}: {turns}")
        if any(self.is_foreign(text) for _, text in prompt):
            self.crossed.append(f"a prompt in room {self.room}")

    def is_foreign(self, text: str) -> bool:
        return any(int(found["room"]) != self.room for found in QUESTION.finditer(text))


@dataclass
class Figures:
    """Ids, so that a run that fails says where to look."""

    accepted: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)
    late: int = 0

    def add(self, other: "Figures") -> None:
        self.accepted += other.accepted
        self.late += other.late
        for name in ("lost", "doubled", "reordered", "crossed"):
            getattr(self, name).extend(getattr(other, name))


def audit(ledger: Ledger, said: Sequence[Message], arrived: Sequence[Message]) -> Figures:
    """`said` and `arrived` are the whole conversation by time and by arrival."""
    stored = {str(message.id): message for message in said}
    late = sum(message.epoch is not None for message in said)
    return Figures(
        accepted=len(ledger.accepted),
        lost=list(_lost(ledger, stored)),
        doubled=list(_doubled(said)),
        reordered=[
            *_out_of_order(said, "by time"),
            *_out_of_order([m for m in arrived if m.epoch is None], "by arrival"),
            *_answers_before_questions(said),
            *ledger.misshown,
        ],
        crossed=[*ledger.crossed, *(m.id for m in said if ledger.is_foreign(m.content))],
        late=late,
    )


def _lost(ledger: Ledger, stored: Mapping[str, Message]) -> Iterable[str]:
    for id_ in ledger.accepted:
        if id_ not in stored or stored[id_].content != ledger.sent[id_]:
            yield id_
    for id_ in ledger.answered:
        if not {f"{id_}.answer1", f"{id_}.answer1.late"} & stored.keys():
            yield f"answer of {id_}"


def _doubled(said: Sequence[Message]) -> Iterable[str]:
    texts = Counter((m.participant, m.content) for m in said if m.role == "user")
    yield from (f"{text[0]}: {text[1][:20]}" for text, times in texts.items() if times > 1)
    answers = Counter(m.content for m in said if m.role == "assistant" and m.epoch is None)
    yield from (text[:30] for text, times in answers.items() if times > 1)


def _out_of_order(messages: Sequence[Message], how: str) -> Iterable[str]:
    last: dict[str, tuple[int, Message]] = {}
    for message in messages:
        found = QUESTION.match(message.content) if message.role == "user" else None
        if found is None:
            continue
        number = int(found["number"])
        before, earlier = last.get(found["speaker"], (-1, message))
        if number < before:
            yield f"{_placed(message)} behind {_placed(earlier)} {how}"
        last[found["speaker"]] = number, message


def _placed(message: Message) -> str:
    late = "" if message.epoch is None else f", late from epoch {message.epoch}"
    return f"{message.id} ({message.created_at:%H:%M:%S.%f}, seq {message.seq}{late})"


def _answers_before_questions(said: Sequence[Message]) -> Iterable[str]:
    place = {str(message.id): n for n, message in enumerate(said)}
    for message in said:
        question = message.id.partition(".answer")[0]
        if question != message.id and place.get(question, -1) > place[message.id]:
            yield f"{message.id} before its question"


def _is_out_of_order(turns: Sequence[str]) -> bool:
    """Each agent's turns stand in the order of each person's messages, answers after questions.

    An agent may take up what an earlier one has left on its machine, after later messages. Without
    the backend, an agent that begins may miss the question of an answer.
    """
    taken: dict[tuple[str, str], list[int]] = {}
    for place, turn in enumerate(turns):
        agent, _, question = turn.rpartition(ANSWERS)
        if agent and question in turns[place:]:
            return True
        if agent:
            speaker, number = question.split()
            taken.setdefault((agent, speaker), []).append(int(number))
    return any(a >= b for numbers in taken.values() for a, b in pairwise(numbers))


def _turns(prompt: Sequence[tuple[str, str]]) -> Iterable[str]:
    """ "ada 1" is a question, "agent-0-1 answers ada 1" its answer; recalled blocks are none."""
    for role, text in prompt:
        pattern = QUESTION if role == "user" else ANSWER
        shown = role != "system" and not is_block(text)
        if shown and (found := pattern.match(text.split("] ", 1)[-1])):
            agent = f"{found['agent']}{ANSWERS}" if role == "assistant" else ""
            yield f"{agent}{found['speaker']} {found['number']}"
