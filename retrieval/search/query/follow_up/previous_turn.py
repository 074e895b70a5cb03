"""The question and answer before a follow-up, and the person they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrieval.search.query.follow_up.signs import sign_of_follow_up
from retrieval.search.query.people import Mention, mentions
from retrieval.search.query.small_talk import is_small_talk
from retrieval.wire import WindowMessage

MAX_GIST_CHARS = 300
MAX_CHAIN = 3
"""Questions joined into one, if each is a follow-up to the one before."""
STILL_ON = 4
"""Newest messages in which the asker's own question is preferred to later ones of others."""


@dataclass(frozen=True)
class PreviousTurn:
    question: str
    """With up to MAX_CHAIN - 1 questions before it, if it is a follow-up itself."""
    answer: str
    """Empty if there was none."""


@dataclass(frozen=True)
class KnownPeople:
    """Those that query or window may mention, and the asker."""

    names: Mapping[str, frozenset[str]]
    participants: int
    asker: str | None

    def mentioned(self, text: str) -> list[Mention]:
        return mentions(text, self.names, participants=self.participants)


def previous_turn(window: Sequence[WindowMessage], *, asker: str | None) -> PreviousTurn | None:
    """None without a question other than small talk."""
    place = _place_of_question(window, asker)
    if place is None:
        return None
    last = window[place]
    answer = next((one for one in window[place + 1 :] if one.role == "assistant"), None)
    chain = [last.content]
    for earlier in reversed(window[:place]):
        if len(chain) == MAX_CHAIN or sign_of_follow_up(chain[-1]) in (None, "person"):
            break
        if earlier.role == "user" and earlier.participant == last.participant:
            chain.append(earlier.content)
    question = " ".join(gist(text) for text in reversed(chain))
    return PreviousTurn(question, gist(answer.content) if answer else "")


def person_spoken_of(
    window: Sequence[WindowMessage], turn: PreviousTurn, people: KnownPeople
) -> str | None:
    """Who "he" or "she" is: the last name in the question, its answer, or newest messages first.

    Without a name: the only other human in the window.
    """
    unmeant = {one.participant for one in window if one.role == "assistant"} | {people.asker}
    for text in (turn.question, turn.answer, *(one.content for one in reversed(window))):
        for mention in reversed(people.mentioned(text)):
            if not mention.identities & unmeant:
                return text[mention.start : mention.end].strip("@").removesuffix("'s")
    others = {one.participant for one in window} - unmeant
    return others.pop() if len(others) == 1 else None


def gist(text: str) -> str:
    """The text; if longer than MAX_GIST_CHARS, its last line that asks, or its beginning."""
    if len(text) <= MAX_GIST_CHARS:
        return text
    asked = [line for line in text.splitlines() if line.rstrip().endswith(("?", "？"))]
    return (asked[-1] if asked else text)[:MAX_GIST_CHARS]


def _place_of_question(window: Sequence[WindowMessage], asker: str | None) -> int | None:
    asked = [
        place
        for place, one in enumerate(window)
        if one.role == "user" and not is_small_talk(one.content)
    ]
    own = [place for place in asked if window[place].participant == asker]
    if own and own[-1] >= len(window) - STILL_ON:
        return own[-1]
    return asked[-1] if asked else None
