"""One estimate of tokens for the search and the recalled block."""

from retrieval.wire import MESSAGE_OVERHEAD_TOKENS, estimated_tokens, message_tokens


def test_tokens_are_a_quarter_of_ascii_and_all_of_anything_else() -> None:
    assert estimated_tokens("a" * 9) == 3
    assert estimated_tokens("日本") == 2
    assert estimated_tokens("") == 0


def test_a_message_in_a_prompt_costs_a_little_more_than_its_text() -> None:
    assert message_tokens("a" * 9) == 3 + MESSAGE_OVERHEAD_TOKENS
    assert message_tokens("") == MESSAGE_OVERHEAD_TOKENS
