"""What a search's `token_budget` counts, for the backend that cuts and the agent that quotes."""

import math

MESSAGE_OVERHEAD_TOKENS = 10
"""Speaker, date and line break of a message in a prompt."""


def estimated_tokens(text: str) -> int:
    """Four ASCII characters to a token, one of any other: errs upwards, needs no tokenizer."""
    plain = len(text) if text.isascii() else sum(map(str.isascii, text))
    return math.ceil(plain / 4) + len(text) - plain


def message_tokens(content: str) -> int:
    return estimated_tokens(content) + MESSAGE_OVERHEAD_TOKENS
