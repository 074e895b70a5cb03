"""Tells the language model who said what when several people talk."""

from livekit.agents.llm import ChatContext, ChatMessage

from agent.recalled_block import quoted_speaker
from agent.rolling_window import SPEAKER, with_text


def name_speakers(chat_ctx: ChatContext, *, listened_to: str) -> None:
    """Begin each user's message with the speaker's name, if there is more than one speaker.

    A message without one is being spoken now, by whoever is listened to.

    For a request's own copy of the context: the history keeps the texts as they were said.
    """
    said = [item for item in chat_ctx.items if isinstance(item, ChatMessage)]
    speakers = {_speaker(item, listened_to) for item in said if item.role == "user"}
    if len(speakers) < 2:
        return
    chat_ctx.items[:] = [
        _named(item, listened_to) if isinstance(item, ChatMessage) else item
        for item in chat_ctx.items
    ]


def _named(item: ChatMessage, listened_to: str) -> ChatMessage:
    if item.role != "user":
        return item
    text = f"[{quoted_speaker(_speaker(item, listened_to))}] {item.text_content or ''}"
    return with_text(item, text)


def _speaker(item: ChatMessage, listened_to: str) -> str:
    return str(item.extra.get(SPEAKER) or listened_to)
