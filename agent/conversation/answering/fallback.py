"""What is said when the language model gives no answer."""

from collections.abc import Callable

from livekit.agents.llm import ChatContext

from agent.conversation.answering.turns import Turn

Fallback = Callable[[ChatContext, Turn], str]
"""From the failed request; empty: nothing is said."""


def apology(text: str) -> Fallback:
    def say(_: ChatContext, turn: Turn) -> str:
        turn.apologised = bool(text)
        return text

    return say


def extracts(quotations: Callable[[ChatContext], str], *, otherwise: Fallback) -> Fallback:
    """Recalled messages, quoted; `otherwise` if nothing was recalled."""

    def say(chat_ctx: ChatContext, turn: Turn) -> str:
        quoted = quotations(chat_ctx)
        turn.gave_extracts = bool(quoted)
        return quoted or otherwise(chat_ctx, turn)

    return say
