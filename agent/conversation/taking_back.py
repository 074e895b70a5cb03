"""Takes back what was asked last in this session: the question, and what was said to it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from livekit.agents import ConversationItemAddedEvent
from livekit.agents.llm import ChatMessage

from agent.backend_client import BackendClient
from agent.conversation.conversation_agent import ConversationAgent
from agent.messages.erasures import Erasures
from agent.messages.question import Question, answered_question, apologised_question
from agent.messages.rolling_window import message_id
from longroom.client import BackendRejected, BackendUnavailable
from retrieval.wire import MessageId

_ENDS_S = 5.0
_DISK_TIMEOUT_S = 5.0
_LEARNS_S = 5.0


class NothingToTakeBack(Exception):
    """Nothing was asked in this session, or all of it was taken back."""


@dataclass(frozen=True)
class TakenBack:
    """`answers` is how many messages were said to it; `rows` all that went with them."""

    text: str
    asked_at: datetime
    answers: int
    rows: int


@dataclass(frozen=True)
class _Turn:
    question: Question
    answers: list[MessageId] = field(default_factory=list)


class TakingBack:
    """Begin it with the conversation: it knows what was said since then."""

    def __init__(self, conversation: ConversationAgent, client: BackendClient) -> None:
        self._conversation = conversation
        self._client = client
        self._turns: list[_Turn] = []
        conversation.session.on("conversation_item_added", self._handle_item)
        conversation.forgetting.also.append(self._forget)

    def asked(self, question: Question) -> None:
        self._turns.append(_Turn(question))

    async def last(self) -> TakenBack:
        """Erase it in the backend, then here; called again, what was asked before it.

        If it fails in the middle, call again: the question goes last. Raises NothingToTakeBack and
        BackendError, which a key without the scope for erasing gets, too.
        """
        if not self._turns:
            raise NothingToTakeBack
        turn = self._turns[-1]
        await self._deliver()
        rows = 0
        for erased in [*turn.answers, turn.question.id]:
            rows += await self._erase(erased)
        if turn in self._turns:
            self._turns.remove(turn)
        await self._learn()
        asked = turn.question
        return TakenBack(asked.text, asked.asked_at, len(turn.answers), rows)

    async def _deliver(self) -> None:
        """Only what is stored can be erased, and stays so; an interrupted answer may not be yet."""
        conversation = self._conversation
        speech = conversation.session.current_speech
        if speech is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_ENDS_S):
                    await conversation.handoffs.until_over(speech)
        on_disk = await conversation.write_buffer.flush(_DISK_TIMEOUT_S)
        if not on_disk or not await conversation.resumed.outbox.drain(conversation.drain_timeout_s):
            raise BackendUnavailable("what was said last is not stored yet")

    async def _erase(self, erased: MessageId) -> int:
        conversation_id = self._conversation.resumed.conversation_id
        rows = 0
        try:
            while True:
                receipt = await self._client.erase_message(conversation_id, erased)
                rows += sum(receipt.rows.values())
                if receipt.complete:
                    return rows
        except BackendRejected as rejection:
            if rejection.status == HTTPStatus.NOT_FOUND:  # too old to be kept, or never stored
                return rows
            raise

    async def _learn(self) -> None:
        """As of any erasure, so that it leaves the window, the disk and what was typed."""
        changes = self._conversation.forgetting.changes
        changes.notice(self._conversation.resumed.conversation_id, None)
        await changes.caught_up(_LEARNS_S)

    def _handle_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage) or item.role != "assistant":
            return
        # An interrupted answer may come after the next question.
        said = message_id(item)
        asked = answered_question(said) or apologised_question(said)
        for turn in self._turns:
            if turn.question.id == asked:
                turn.answers.append(said)

    def _forget(self, erasures: Erasures) -> None:
        covers = self._conversation.forgetting.known.covers
        if erasures.erases:
            self._turns = [turn for turn in self._turns if not covers(turn.question)]
