"""Follow-ups made by rule of two questions about one person or message, asked with a window.

The second omits what the first names. No published data set has them for long conversations.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from longroom.evaluation.metrics import recall
from longroom.evaluation.questions import Dialogue, LabelledQuestion
from longroom.evaluation.run import Answer, Asking, ask_each
from retrieval.search.query.follow_up.content_words import content_words
from retrieval.wire import MAX_WINDOW_MESSAGE_CHARS, WindowMessage

ASKER = "the one who asks"
MAX_DISTANCE = 30
"""Messages between the evidence of two questions on one subject."""
MIN_SHARED_WORDS = 0.4
"""Jaccard similarity of two questions about different people."""
_ASKING = re.compile(r"(?:when|where|why|who|how(?: long| many| much| often)?)\b", re.IGNORECASE)
_DETERMINED = r"\b(?:the|a|an|his|her|their|my)\s+(?:{words})(?:\s+(?:{words}))*\b"
_ASKED_FOR_MORE = ("What else?", "Any others?", "And the second one?", "And another one?")


@dataclass(frozen=True)
class FollowUp:
    """`whole` is the complete question."""

    kind: str
    text: str
    whole: LabelledQuestion
    window: tuple[WindowMessage, ...]


async def measure_follow_ups(
    asking: Asking, dialogues: Sequence[Dialogue]
) -> dict[str, dict[str, float | int]]:
    """R@10 in percent by kind: without the window, with it, and of the complete question.
    `alone`: complete questions asked with a window, which must not change their result.
    """
    asked = [(dialogue, one) for dialogue in dialogues for one in follow_ups(dialogue)]
    without = await ask_each(asking, [(d, replace(f.whole, text=f.text)) for d, f in asked])
    with_it = await ask_each(
        asking, [(d, replace(f.whole, text=f.text, window=f.window)) for d, f in asked]
    )
    whole = await ask_each(asking, [(d, f.whole) for d, f in asked])
    beside = await ask_each(asking, [(d, replace(f.whole, window=f.window)) for d, f in asked])
    kinds: defaultdict[str, list[int]] = defaultdict(list)
    for place, (_, one) in enumerate(asked):
        kinds[one.kind].append(place)
    columns = {"without_window": without, "with_window": with_it, "whole_question": whole}
    found = {kind: _row(columns, places) for kind, places in sorted(kinds.items())}
    if asked:
        found["alone"] = _row(
            {"without_window": whole, "with_window": beside}, list(range(len(asked)))
        )
    return found


def _row(columns: Mapping[str, Sequence[Answer]], places: Sequence[int]) -> dict[str, float | int]:
    return {
        "questions": len(places),
        **{f"r10_{name}": _r10([answers[n] for n in places]) for name, answers in columns.items()},
    }


def _r10(answers: Sequence[Answer]) -> float:
    found = [
        recall([one for one, _ in answer.ranked], answer.question.evidence, first=10)
        for answer in answers
    ]
    return round(100 * float(np.mean(found)), 2)


def follow_ups(dialogue: Dialogue) -> Iterator[FollowUp]:
    place = {str(message.id): n for n, message in enumerate(dialogue.messages)}
    text = {str(message.id): message.content for message in dialogue.messages}
    known = [one for one in dialogue.questions if one.answerable and set(one.evidence) & {*place}]
    for n, question in enumerate(known):
        evidence = [place[one] for one in question.evidence if one in place]
        for kind, said, previous in _as_follow_up(question, known[:n], place, evidence):
            whole = replace(question, asker=ASKER)
            yield FollowUp(kind, said, whole, _window(previous, text))
        if question.subject and len(evidence) > 1:
            more = replace(question, evidence=question.evidence[1:], asker=ASKER)
            said = _ASKED_FOR_MORE[n % len(_ASKED_FOR_MORE)]
            yield FollowUp("more", said, more, _window(question, text))


def _as_follow_up(
    question: LabelledQuestion,
    earlier: Sequence[LabelledQuestion],
    place: Mapping[str, int],
    evidence: Sequence[int],
) -> Iterator[tuple[str, str, LabelledQuestion]]:
    """(kind, text, the question that it follows)."""
    for previous in reversed(earlier):
        if set(previous.evidence) & set(question.evidence) and (said := _bare(question, previous)):
            yield "bare", said, previous
            break
    if question.subject is None:
        return
    same = [one for one in earlier if one.subject == question.subject and one != question]
    near = [one for one in same if _distance(one, place, evidence) <= MAX_DISTANCE]
    if near:
        yield "she", _with_pronoun(question.text, question.subject), near[-1]
        closest = max(near, key=lambda one: len(_shared(one, question)))
        shortened = _with_it(_with_pronoun(question.text, question.subject), closest, question)
        if shortened is not None:
            yield "it", shortened, closest
    for previous in reversed(earlier):
        if previous.subject not in (None, question.subject) and _alike(previous, question):
            yield "about", f"What about {question.subject}?", previous
            break


def _window(previous: LabelledQuestion, text: Mapping[str, str]) -> tuple[WindowMessage, ...]:
    """The question, and the first message of its evidence as its answer."""
    quoted = next(text[one] for one in previous.evidence if one in text)
    said = (("user", ASKER, previous.text), ("assistant", "assistant", quoted))
    return tuple(
        WindowMessage.model_validate(
            {"role": role, "participant": who, "content": what[:MAX_WINDOW_MESSAGE_CHARS]}
        )
        for role, who, what in said
    )


def _bare(question: LabelledQuestion, previous: LabelledQuestion) -> str | None:
    asking, before = _ASKING.match(question.text), _ASKING.match(previous.text)
    if asking is None or (before is not None and before[0].lower() == asking[0].lower()):
        return None
    return f"And {asking[0].lower()}?"


def _with_pronoun(text: str, name: str) -> str:
    said = re.sub(rf"\b{re.escape(name)}['’]s?", "her", text)
    return re.sub(rf"\b{re.escape(name)}\b", "she", said)


def _with_it(text: str, previous: LabelledQuestion, question: LabelledQuestion) -> str | None:
    """Replaces the first noun phrase that the previous question shares by "it"."""
    words = "|".join(re.escape(word) for word in _shared(previous, question))
    if not words:
        return None
    said, count = re.subn(_DETERMINED.format(words=words), "it", text, count=1, flags=re.IGNORECASE)
    return said if count else None


def _shared(one: LabelledQuestion, other: LabelledQuestion) -> list[str]:
    return sorted(_content(one) & _content(other))


def _alike(one: LabelledQuestion, other: LabelledQuestion) -> bool:
    said, others = _content(one), _content(other)
    return len(said & others) >= MIN_SHARED_WORDS * max(1, len(said | others))


def _content(question: LabelledQuestion) -> set[str]:
    subject = (question.subject or "").lower()
    names = {*subject.split(), *(f"{name}'s" for name in subject.split())}
    return set(content_words(question.text)) - names


def _distance(one: LabelledQuestion, place: Mapping[str, int], evidence: Sequence[int]) -> int:
    return min(abs(place[id_] - n) for id_ in one.evidence if id_ in place for n in evidence)
