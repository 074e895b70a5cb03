"""Whether a server refuses a request for its form, and what it says is wrong with it.

Servers do so in different ways: with 400 (vLLM, Ollama), with 500 (llama.cpp, for an error in a
template), with 404 (OpenRouter, for tools), or with an error event in a stream (LM Studio).
"""

import re
from typing import Literal

from livekit.agents import APIError, APIStatusError

Subject = Literal["prompt", "tools", "usage", "length", "unknown"]
"""`usage`: the wish for token counts in a stream; `length`: more tokens than the context holds."""

# In this order: a message about tools may name roles, one about length tokens of the prompt.
_SUBJECTS: tuple[tuple[Subject, re.Pattern[str]], ...] = (
    (
        "length",
        re.compile(
            r"context[ _-]?(length|size|window)|exceed[^.]{0,40}(context|token)"
            r"|too (long|large|many tokens)|maximum[^.]{0,30}tokens",
            re.IGNORECASE,
        ),
    ),
    ("usage", re.compile(r"stream_options|include_usage", re.IGNORECASE)),
    ("tools", re.compile(r"\btools?\b|\btool[_-]|function[_ -]?call", re.IGNORECASE)),
    (
        "prompt",
        re.compile(
            r"\broles?\b|alternat|system (message|prompt|instruction)|chat[ _-]?template|jinja"
            r"|raise_exception",
            re.IGNORECASE,
        ),
    ),
)
_ABOUT_FORM = (400, 422)
_TOO_LARGE = 413
_ABOUT_ACCESS = (401, 402, 403, 407, 408, 409, 425, 429)


def refused_for(error: APIError) -> Subject | None:
    """None if another form would not help: no access, an overload, a failure.

    A refusal's text only decides what is tried first: it may quote the prompt.
    """
    if not isinstance(error, APIStatusError):
        # An error inside a stream has a body; a lost connection has none.
        body = getattr(error.__cause__, "body", None)
        return _subject(f"{error.__cause__} {body}") if body else None
    if error.status_code in _ABOUT_ACCESS:
        return None
    if error.status_code == _TOO_LARGE:
        return "length"
    subject = _subject(f"{error.message} {error.body}")
    return subject or ("unknown" if error.status_code in _ABOUT_FORM else None)


def _subject(text: str) -> Subject | None:
    return next((subject for subject, named in _SUBJECTS if named.search(text)), None)
