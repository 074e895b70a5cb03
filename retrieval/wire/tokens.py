"""What a search's `token_budget` counts, for the backend that cuts and the agent that quotes."""

import math

MESSAGE_OVERHEAD_TOKENS = 10
"""Speaker, date and line break of a message in a prompt."""


def estimated_tokens(text: str) -> int:
    """Four ASCII characters to a token, one of anything else.

    Needs no tokenizer, since the reader's is not known; errs upwards.
    """
    plain = sum(map(str.isascii, text))
    return math.ceil(plain / 4) + len(text) - plain


def message_tokens(content: str) -> int:
    """Of a message in a prompt."""
    return estimated_tokens(content) + MESSAGE_OVERHEAD_TOKENS
