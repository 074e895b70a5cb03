"""Questions whose evidence was not all among the first hits, and what came instead."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from longroom.evaluation.metrics import recall
from longroom.evaluation.questions import Dialogue, shared_id
from longroom.evaluation.run import Answer
from longroom.terminal_text import plain
from retrieval.wire import MessageCreate

FIRST = 10
"""Hits among which all evidence of a question is expected."""
MOST_MISSES = 10
INSTEAD = 3
_SHOWN_CHARS = 100


def missed(answers: Sequence[Answer], *, most: int | None = MOST_MISSES) -> dict[str, Any]:
    """How many questions missed, and the worst `most` of them: ids and ranks from 1, no texts.

    The rank of what is not among all hits that were asked for is None.
    """
    asked = [one for one in answers if one.question.answerable and one.question.evidence]
    found = [(_found(answer), answer) for answer in asked]
    worst = sorted((each for each in found if each[0] < 1), key=lambda each: each[0])
    return {"missed": len(worst), "misses": [_miss(answer) for _, answer in worst[:most]]}


def missed_lines(result: Mapping[str, Any], dialogues: Sequence[Dialogue]) -> list[str]:
    """For a terminal, with the texts of the data set; `result` has what `missed` gives."""
    misses, missing = result["misses"], result["missed"]
    if not missing:
        return []
    which = "these" if len(misses) == missing else f"the worst {len(misses)}"
    more = "" if len(misses) == missing else " (--all-misses shows all)"
    texts = _Texts(dialogues)
    return [
        f"{missing} of {result['questions']} questions have evidence that is not among the first"
        f" {FIRST} hits, {which}{more}:",
        *(line for miss in misses for line in _lines(miss, texts)),
    ]


def _found(answer: Answer) -> float:
    ids = [one for one, _ in answer.ranked]
    return recall(ids, answer.question.evidence, first=FIRST)


def _miss(answer: Answer) -> dict[str, Any]:
    ranks = {one: rank for rank, (one, _) in enumerate(answer.ranked, start=1)}
    others = [one for one in ranks if one not in answer.question.evidence]
    return {
        "conversation": answer.dialogue,
        "place": answer.question.place,
        "evidence": {one: ranks.get(one) for one in answer.question.evidence},
        "instead": {one: ranks[one] for one in others[:INSTEAD]},
    }


class _Texts:
    def __init__(self, dialogues: Sequence[Dialogue]) -> None:
        self._questions = {
            (dialogue.name, question.place): question.text
            for dialogue in dialogues
            for question in dialogue.questions
        }
        self._messages: dict[str, MessageCreate] = {
            shared_id(dialogue.name, message.id): message
            for dialogue in dialogues
            for message in dialogue.messages
        }

    def question(self, conversation: str, place: str) -> str:
        return _shown(self._questions.get((conversation, place), ""))

    def message(self, conversation: str, id_: str) -> str:
        message = self._messages.get(shared_id(conversation, id_)) or self._messages.get(id_)
        if message is None:
            return "(not in the data set)"
        return _shown(f"{message.participant}: {message.content}")


def _lines(miss: Mapping[str, Any], texts: _Texts) -> Iterator[str]:
    name = miss["conversation"]
    yield _shown(f"{miss['place']}, conversation {name}:") + (
        f" {texts.question(name, miss['place'])}"
    )
    for what, ranks in (("evidence", miss["evidence"]), ("instead", miss["instead"])):
        for id_, rank in ranks.items():
            place = "-" if rank is None else f"{rank}."
            yield f"  {what:<9}{place:>5}  {_shown(id_)}  {texts.message(name, id_)}"


def _shown(text: str) -> str:
    line = " ".join(plain(text).split())
    return line if len(line) <= _SHOWN_CHARS else line[: _SHOWN_CHARS - 1] + "…"
