"""Adds to a follow-up what it refers to; the result can be searched like any other query.

Measured on pairs of questions: one that only lacks a name ("she") needs only the name of the
previous one; one with hardly any content needs all.
"""

import re
from collections.abc import Sequence

from retrieval.search.query.days import without_days
from retrieval.search.query.follow_up.ordinals import item_asked_for
from retrieval.search.query.follow_up.previous_turn import (
    KnownPeople,
    PreviousTurn,
    person_spoken_of,
    previous_turn,
)
from retrieval.search.query.follow_up.signs import Sign, after_opening
from retrieval.search.query.people import Mention
from retrieval.wire import WindowMessage

_HER = r"""her(?=\s+(?!(?:to|with|for|in|at|on|from|and|or|about|when|by|there|last|this|that
    |a|an|the|some)\b)\w)"""
_PRONOUN = re.compile(rf"\b(?:(?P<owns>his|hers|{_HER})|s?he|him|her)\b", re.I | re.X)
_NAME_BEFORE_PRONOUN = re.compile(r"\w\s+(?!I\b)[A-Z]\w+.*?\b(?:[Ss]?he|[Hh]im|[Hh]ers?|[Hh]is)\b")
_I = re.compile(r"\b(?:(?P<owns>my|mine)|i|me|myself)\b", re.IGNORECASE)
_ME = re.compile(r"(?:me|i|myself)\W*", re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:else|others?|another|more|next|rest|also|first|second|third|last)\b", re.IGNORECASE
)


def resolved(
    query: str, sign: Sign, *, window: Sequence[WindowMessage], people: KnownPeople
) -> str | None:
    """The query as asked without the window; None if it refers to nothing there."""
    turn = previous_turn(window, asker=people.asker)
    if turn is None:
        return None
    named = people.mentioned(query)
    if sign == "person":
        known = named or _NAME_BEFORE_PRONOUN.search(query)
        person = None if known else person_spoken_of(window, turn, people)
        return _with_person(query, person) if person else None
    if sign in ("about", "opening") and (same := _of_another(query, named, turn, people)):
        return same
    return _after(turn, query, sign, person_spoken_of(window, turn, people) if not named else None)


def _of_another(
    query: str, named: Sequence[Mention], turn: PreviousTurn, people: KnownPeople
) -> str | None:
    """The previous question with another person; None if the query is more than a name."""
    rest = after_opening(query)
    if len(named) == 1 and len(rest.strip(" ?.!@")) <= named[0].end - named[0].start:
        person = query[named[0].start : named[0].end]
    elif _ME.fullmatch(rest):
        person = "I"
    else:
        return None
    mentioned = people.mentioned(turn.question)
    if len({mention.identities for mention in mentioned}) == 1:
        return _replaced(turn.question, mentioned, person)
    return _with_person(turn.question, person, pronouns=_I) if _I.search(turn.question) else None


def _after(turn: PreviousTurn, query: str, sign: Sign, person: str | None) -> str:
    question = turn.question
    if (without := without_days(query)) != query and without.strip():
        question = without_days(question)  # the query's day replaces the earlier one
    parts = [question, item_asked_for(query, turn.answer) or "", query]
    if sign == "bare" and not _MORE.search(query):
        parts.insert(1, turn.answer)
    text = " ".join(part.strip() for part in parts if part)
    return _with_person(text, person) if person else text


def _with_person(text: str, person: str, *, pronouns: re.Pattern[str] = _PRONOUN) -> str:
    return pronouns.sub(lambda match: _owned(person) if match["owns"] else person, text)


def _replaced(text: str, mentioned: Sequence[Mention], person: str) -> str:
    for mention in reversed(mentioned):
        word = _owned(person) if mention.possessive else person
        text = text[: mention.start] + word + text[mention.end :]
    return text


def _owned(person: str) -> str:
    return "my" if person == "I" else f"{person}'s"
