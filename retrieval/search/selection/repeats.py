"""Messages that say the same, as one: copies, questions asked again, the agent's quotations."""

import re
from collections.abc import Iterable, Sequence, Set
from typing import Final

from retrieval.search.selection.candidate import Candidate
from retrieval.search.selection.exchange import put_after
from retrieval.search.selection.texts.content import NEGATIONS, Content, stems_of
from retrieval.search.selection.texts.questions import REQUESTING, repeats_query
from retrieval.wire import Message

LONG: Final = 20
"""Telling words from which a few may differ."""
NEARLY_ALL: Final = 0.9
MAX_COMPARED_CHARS: Final = 4000
"""Longer messages are repeats only if they are equal."""
MOST_QUOTES: Final = 8
QUOTING: Final = stems_of("""
said says told tell mentioned mention wrote written earlier previously remember recall recalled
according message messages noted noting stated already shared before as per based conversation
chat yes yeah ok okay sure course indeed here answer information record records found reminder on
at in january february march april may june july august september october november december
monday tuesday wednesday thursday friday saturday sunday yesterday today am pm user
gesagt erwähnt laut nachricht geschrieben früher dit mentionné selon dijiste dicho mencionaste
según mensaje сказал сказала писал упомянул согласно сообщению
""")
"""Of a message that quotes: says who said it and when."""
_QUOTE = re.compile(r"[“„«\"]([^”“»„«\"]{1,300})[”“»\"]")
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
_YEAR = r"(?:19|20)\d\d"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_WHEN = re.compile(
    rf"\b\d{{1,2}}[:.]\d\d\b|\b{_YEAR}-\d\d-\d\d\b"
    rf"|\b(?:{_DAY}\s+(?:of\s+)?{_MONTH}|{_MONTH}\s+{_DAY})\b(?:,?\s+{_YEAR}\b)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")


def collapse(candidates: Sequence[Candidate], *, language: str) -> list[Candidate]:
    """Without those that another one stands for; `candidates` best first."""
    kept = _without_copies(candidates)
    quoting = [one for one in kept if one.message.role == "assistant"]
    if not quoting:
        return kept
    originals = [one for one in kept if one.message.role != "assistant" and not one.asks]
    repeated = {one for one in quoting if _stands_for_another(one, originals, language)}
    return [one for one in kept if one not in repeated]


def stand_for_the_query(candidates: Sequence[Candidate], query: Set[str]) -> list[Candidate]:
    """Questions that repeat the query as one, which comes after the best that may answer."""
    asking = [one for one in candidates if repeats_query(one.content, query) and one.asks]
    if not asking:
        return [*candidates]
    first, *others = asking
    for other in others:
        _stand_for(first, other)
    standing = [one for one in candidates if one not in others]
    telling = [one for one in standing if not one.asks and _may_answer(one, query)]
    if telling:
        put_after("repeat", first, max(telling, key=lambda one: one.score))
    return standing


def _may_answer(one: Candidate, query: Set[str]) -> bool:
    """It has half of the query's words, or a name or number of it."""
    return 2 * len(one.content.set & query) >= len(query)


def _without_copies(candidates: Sequence[Candidate]) -> list[Candidate]:
    leads: dict[object, Candidate] = {}
    kept: list[Candidate] = []
    for one in candidates:
        keys = _keys(one)
        lead = next(
            (lead for key in keys if (lead := leads.get(key)) and _says_the_same(one, lead)), one
        )
        for key in keys:
            leads.setdefault(key, lead)
        if lead is one:
            kept.append(one)
        else:
            _stand_for(lead, one)
    return kept


def _keys(one: Candidate) -> list[object]:
    """Copies have one in common."""
    text, content = one.message.content, one.content
    if len(text) > MAX_COMPARED_CHARS:
        return [text]
    if one.message.role == "assistant":
        return [content.set - QUOTING]
    if "?" in text:
        return [content.set - REQUESTING]
    if len(content.words) < LONG:
        return [content.set]
    return [content.set, tuple(content.words[:4]), tuple(content.words[-4:])]


def _says_the_same(one: Candidate, other: Candidate) -> bool:
    """What someone says of himself is not the same said by another."""
    mine, its = one.message, other.message
    if len(mine.content) > MAX_COMPARED_CHARS:
        return mine.content == its.content
    if mine.role != its.role or ("?" in mine.content) != ("?" in its.content):
        return False
    if mine.role == "assistant" or "?" in mine.content:
        return bool(one.content.set - QUOTING) or one.content.words == other.content.words
    if mine.participant != its.participant:
        return False
    if one.content.telling == other.content.telling:
        return bool(one.content.set) or one.content.words == other.content.words
    return len(one.content.set) >= LONG and _nearly_equal(one, other)


def _nearly_equal(one: Candidate, other: Candidate) -> bool:
    mine, its = one.content, other.content
    return (
        len(mine.set & its.set) >= NEARLY_ALL * len(mine.set | its.set)
        and mine.numbers == its.numbers
        and not (mine.set ^ its.set) & NEGATIONS
    )


def _stands_for_another(one: Candidate, originals: Iterable[Candidate], language: str) -> bool:
    """Whether the agent's message adds nothing to one of them; if it adds, it comes after that."""
    told = _told(one, language)
    times = _times(one.text) if any(part.numbers for part in told) else frozenset()
    for original in originals:
        if original.said >= one.said:
            continue
        dates = _dates(times, original, one.message)
        if any(_contained(part, original, dates) for part in told):
            _stand_for(original, one)
            return True
        _come_after(one, original)
    return False


def _told(one: Candidate, language: str) -> list[Content]:
    """The quotations, if it has little else; otherwise all of it."""
    text = one.text
    quotes = _QUOTE.findall(text)[:MOST_QUOTES]
    if not quotes:
        return [one.content]
    rest = Content(_WHEN.sub(" ", _QUOTE.sub(" ", text)), language=language)
    frame = [word for word in rest.telling if word not in QUOTING and not word.isdigit()]
    if len(frame) > 2 * len(quotes):
        return [one.content]
    return [Content(quote, language=language) for quote in quotes]


def _contained(told: Content, original: Candidate, dates: Set[str]) -> bool:
    """Names and `dates` of who said it when are not new."""
    has = original.content.set
    shared = told.set & has
    if (told.set ^ has) & NEGATIONS:
        return False
    if len(shared) < min(2, len(has)) or (3 * len(shared) < len(has) and len(shared) < 3):
        return False
    new = told.set - has - QUOTING - _names(original)
    numbers = {word for word in new if word.isdigit()} - dates
    words = {word for word in new if not word.isdigit()}
    return not numbers and 6 * len(words) <= len(told.set)


def _come_after(one: Candidate, original: Candidate) -> None:
    has, told = original.content.set, one.content.set
    if 10 * len(told & has) >= 8 * len(has) and len(has) > 1:
        put_after("repeat", one, original)


def _names(original: Candidate) -> Set[str]:
    return stems_of(original.message.participant)


def _times(text: str) -> Set[str]:
    """Numbers of the days and times that it names."""
    return frozenset(_NUMBER.findall(" ".join(_WHEN.findall(text))))


def _dates(times: Set[str], original: Candidate, quoting: Message) -> Set[str]:
    """Those of `times`, which the quoting message names, that tell when the original was said."""
    if not times:
        return frozenset()
    said = original.message.created_at
    numbers = (said.day, said.month, said.year, said.hour, said.minute, quoting.created_at.year)
    told = {form for number in numbers for form in (str(number), f"{number:02d}")}
    return told & times


def _stand_for(lead: Candidate, other: Candidate) -> None:
    lead.also += [other.message, *other.also]
    if other.score > lead.score:
        lead.gain("repeat", other.score - lead.score)
