"""Composes an answer from quotations, without a language model."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.recall.query import query_key
from retrieval.wire import Message, RetrievalHit

NOTHING_KNOWN = (
    "I found nothing about that in this conversation. "
    "(No language model is set up, so I can only quote what was said here.)"
)
_GREETING = "Hello! Ask me about anything that was said in this room; I quote it with its date."
_THANKS = "You are welcome."
_NOTED = "Noted. Ask me about it whenever you like."

_MAX_QUOTES = 3
_MAX_QUOTE_CHARS = 400
_GREETINGS = frozenset({"hello", "hi", "hey", "howdy", "morning", "evening", "afternoon"})
_THANKING = frozenset({"thanks", "thank", "cheers", "thx", "bye", "goodbye"})
_WORD = re.compile(r"[\w'-]+")
_SENTENCE = re.compile(r"[^.!?]+[.!?]*")
_STATEMENT_WORDS = 8
_ASKING = frozenset(
    _WORD.findall(
        "who what when where which why how whose whom is are was were do does did can could would "
        "will should has have had tell show find remind quote list search anyone anybody"
    )
)
_COMMON = _ASKING | frozenset(
    _WORD.findall(
        "a an the of to in on at for with about from by and or but not no it its this that these "
        "those i me my mine you your yours we us our he him his she her they them their be been am "
        "there again ever say said says please name good all everyone"
    )
)


@dataclass(frozen=True)
class Said:
    """`at` is in epoch seconds."""

    speaker: str
    text: str
    at: float


def answer(text: str, *, asker: str, window: Sequence[Said], hits: Sequence[RetrievalHit]) -> str:
    """Quotations, best first; NOTHING_KNOWN if there are none."""
    words = _words(text)
    if not query_key(text) or (words <= _GREETINGS | _THANKING | _COMMON and words & _GREETINGS):
        return _THANKS if words & _THANKING else _GREETING
    if words & _THANKING and len(words) <= 4:
        return _THANKS
    if not _is_question(text):
        return _NOTED
    quotes = [*_from_window(text, asker, window), *_from_hits(asker, hits)]
    return _lines(quotes) or NOTHING_KNOWN


def quoted_hits(asker: str, hits: Sequence[RetrievalHit]) -> str:
    """Best first; empty if none of them states something."""
    return _lines(_from_hits(asker, hits))


def _lines(quotes: Sequence[str]) -> str:
    return "\n".join(_without_repeats(quotes)[:_MAX_QUOTES])


def _from_window(question: str, asker: str, window: Sequence[Said]) -> list[str]:
    """The newest statement with the most content words of the question, and at least half."""
    content = _stems(question)
    best, best_share = None, 0.49
    for said in window:
        share = len(content & _stems(said.text)) / max(1, len(content))
        if share > best_share and not _is_question(said.text):
            best, best_share = said, share
    return [_quote(best.speaker, best.text, best.at, asker)] if best else []


def _from_hits(asker: str, hits: Sequence[RetrievalHit]) -> list[str]:
    """Statements of users and tools; for a repeated question, the answer next to it."""
    return [
        _quote(message.participant, _excerpt(hit, message), message.created_at.timestamp(), asker)
        for hit in hits
        for message in _statements(hit)
    ]


def _statements(hit: RetrievalHit) -> Iterable[Message]:
    if hit.message.role in {"user", "tool"} and _states_something(hit.message.content):
        return [hit.message]
    if not _is_question(hit.message.content):
        return []
    return [near for near in hit.after if near.role == "user" and not _is_question(near.content)]


def _excerpt(hit: RetrievalHit, message: Message) -> str:
    return hit.excerpt if hit.excerpt and message is hit.message else message.content


def _quote(speaker: str, text: str, at: float, asker: str) -> str:
    when = datetime.fromtimestamp(at, UTC)
    who = "you" if speaker and speaker == asker else speaker or "somebody"
    plain = " ".join(text.split())
    short = plain if len(plain) <= _MAX_QUOTE_CHARS else plain[:_MAX_QUOTE_CHARS].rstrip() + " …"
    return f"On {when.day} {when:%B %Y at %H:%M}, {who} said: “{short}”"


def _without_repeats(quotes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(quotes))


def _is_question(text: str) -> bool:
    words = _WORD.findall(text.casefold())
    return "?" in text or (bool(words) and words[0] in _ASKING)


def _states_something(text: str) -> bool:
    """Also true of a question after a statement, as in a request for help."""
    return not _is_question(text) or any(
        len(sentence.split()) >= _STATEMENT_WORDS and not _is_question(sentence)
        for sentence in _SENTENCE.findall(text)
    )


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _stems(text: str) -> set[str]:
    """Content words without common endings."""
    return {re.sub(r"('s|ing|ed|es|s)$", "", word) for word in _words(text) - _COMMON}
