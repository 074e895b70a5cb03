"""Whose messages a query is about: participants it names, the asker ("I"), the assistant."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from retrieval.search.query.word_lists import WORDS_OR_NAMES
from retrieval.wire import Role

LONGEST_NAME_WORDS = 3
MAX_QUERY_WORDS = 200
"""Names are looked for only in so many words from the start."""
SMALL_ROOM = 30
"""Participants up to which a name counts without a capital letter."""

_WORD = re.compile(r"\S+")
_POSSESSIVE = re.compile(r"(?:['’]s|(?<=s)['’])$", re.IGNORECASE)
_ENDS_OF_POSSESSIVE = ("'", "’", "'s", "’s", "'S", "’S")
_EDGES = "\"'“”‘’`.,:;?!()[]{}<>…"
_EDGES_WITH_AT = _EDGES + "@"
_FIRST_PERSON = re.compile(r"\b(?:i|me|my|mine|myself)\b|\bi['’]", re.IGNORECASE)
_SUBJECT_I = re.compile(r"\b(?:i|my)\b|\bi['’]", re.IGNORECASE)
_ASSISTANT_SAID = re.compile(
    r"""\b(?:
        (?:did|had)\s+you\s+(?:say|tell|recommend|suggest|mention|explain|give|advise|propose
            |write|list|provide|share|promise|answer|offer|describe)
      | you(?:['’]ve|['’]d|\s+had|\s+have)?\s+(?:said|told|recommended|suggested|mentioned
            |explained|gave|given|advised|proposed|wrote|listed|provided|shared|promised|answered)
      | your\s+(?:advice|suggestions?|recommendations?|answers?|explanations?|instructions)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_BEFORE_A_NAME = re.compile(r"\b(?:did|does|has|had|was|by|from|told|asked|said)\s+$", re.I)
_AFTER_A_NAME = re.compile(
    r"(?:['’]s)?\s+(?:said|says?|wrote|asked|told|suggested|recommended|mentioned|explained|wanted)\b",
    re.I,
)


@dataclass(frozen=True)
class Mention:
    """From `start` to `end`, with the participants of that name."""

    start: int
    end: int
    identities: frozenset[str]
    possessive: bool


@dataclass(frozen=True)
class About:
    """Identities, or a role; empty if the query does not say."""

    people: frozenset[str] = frozenset()
    role: Role | None = None

    @property
    def anyone(self) -> bool:
        return self.role is not None or bool(self.people)


def possible_names(query: str) -> list[str]:
    """All words and runs of words, in lower case."""
    return list(dict.fromkeys(name for _, _, name, _ in _spans(query)))


def mentions(
    query: str, names: Mapping[str, frozenset[str]], *, participants: int
) -> list[Mention]:
    """In order; of overlapping names the first, and of these the longest.

    `names` has those of `possible_names` that occur in the conversation, and their identities.
    """
    if not names:
        return []
    found: list[Mention] = []
    known = [span for span in _spans(query) if span[2] in names]
    for start, end, name, possessive in sorted(known, key=lambda span: (span[0], -span[1])):
        if found and start < found[-1].end:
            continue
        few_people = participants <= SMALL_ROOM
        if _is_meant(_Spot(query, start, end, name), few_people=few_people):
            found.append(Mention(start, end, names[name], possessive))
    return found


def as_first_person(query: str, named: Sequence[Mention]) -> str:
    """With names replaced by I and my: a name draws the embedding to the person's messages."""
    text = query
    for mention in reversed(named):
        word = "my" if mention.possessive else "I"
        text = text[: mention.start] + word + text[mention.end :]
    return text


def asked_about(query: str, named: Sequence[Mention], *, asker: str | None) -> About:
    """The assistant, the one participant named, or the asker; otherwise empty."""
    if not named and "you" in query.lower() and _ASSISTANT_SAID.search(query):
        return About(role="assistant")
    people = {mention.identities for mention in named}
    if len(people) == 1 and not (asker is not None and _SUBJECT_I.search(query)):
        return About(next(iter(people)))
    if not _FIRST_PERSON.search(query):
        return About()
    # An unknown asker who says "I" is at least not the assistant.
    return About(frozenset({asker})) if asker is not None else About(role="user")


def _spans(query: str) -> list[tuple[int, int, str, bool]]:
    """Runs of up to LONGEST_NAME_WORDS words: start, end, name in lower case, is possessive."""
    found: list[tuple[int, int, str, bool]] = []
    words = [match.span() for match in islice(_WORD.finditer(query), MAX_QUERY_WORDS)]
    for first, (start, _) in enumerate(words):
        for _, end in words[first : first + LONGEST_NAME_WORDS]:
            raw = query[start:end]
            marked = raw[0] in _EDGES_WITH_AT or raw[-1] in _EDGES_WITH_AT
            if marked or raw.endswith(_ENDS_OF_POSSESSIVE):
                found += _readings(raw, start)
            else:  # most
                found.append((start, end, raw.lower(), False))
    return found


def _readings(raw: str, start: int) -> Iterator[tuple[int, int, str, bool]]:
    for bare in _without_edges(raw):
        start_of_name = start + raw.index(bare)
        end_of_name = start_of_name + len(bare)
        yield start_of_name, end_of_name, bare.lower(), False
        owned = _POSSESSIVE.sub("", bare) if bare.endswith(_ENDS_OF_POSSESSIVE) else bare
        if owned and owned != bare:
            yield start_of_name, end_of_name, owned.lower(), True


def _without_edges(raw: str) -> list[str]:
    bare = dict.fromkeys((raw, raw.strip(_EDGES), raw.strip(_EDGES_WITH_AT)))
    return [one for one in bare if one]


@dataclass(frozen=True)
class _Spot:
    query: str
    start: int
    end: int
    name: str


def _is_meant(spot: _Spot, *, few_people: bool) -> bool:
    if _has_at_sign(spot) or _looks_like_a_handle(spot) or _is_capitalised_inside(spot):
        return True
    return spot.name not in WORDS_OR_NAMES and (few_people or _stands_beside_a_verb(spot))


def _has_at_sign(spot: _Spot) -> bool:
    return spot.query[max(0, spot.start - 1) : spot.start] == "@" or spot.query[spot.start] == "@"


def _looks_like_a_handle(spot: _Spot) -> bool:
    return any(char.isdigit() or char in "_|^-[]`" for char in spot.name)


def _is_capitalised_inside(spot: _Spot) -> bool:
    written = spot.query[spot.start : spot.end]
    return spot.start > 0 and written[0].isupper() and written[1:2].islower()


def _stands_beside_a_verb(spot: _Spot) -> bool:
    before, after = spot.query[: spot.start], spot.query[spot.end :]
    return bool(_BEFORE_A_NAME.search(before) or _AFTER_A_NAME.match(after))
