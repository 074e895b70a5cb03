"""Tells the language model who said what when several people talk."""

from livekit.agents.llm import ChatContext, ChatMessage

from agent.recalled_block import quoted_speaker
from agent.rolling_window import SPEAKER, with_text


def name_speakers(chat_ctx: ChatContext) -> None:
    """Begin each user's message with the speaker's name, if there is more than one speaker.

    For a request's own copy of the context: the history keeps the texts as they were said.
    """
    said = [item for item in chat_ctx.items if isinstance(item, ChatMessage)]
    speakers = {item.extra.get(SPEAKER) for item in said if item.role == "user"}
    if len(speakers) < 2:
        return
    chat_ctx.items[:] = [
        _named(item) if isinstance(item, ChatMessage) else item for item in chat_ctx.items
    ]


def _named(item: ChatMessage) -> ChatMessage:
    speaker = item.extra.get(SPEAKER)
    if item.role != "user" or not speaker:
        return item
    text = f"[{quoted_speaker(str(speaker))}] {item.text_content or ''}"
    return with_text(item, text)
