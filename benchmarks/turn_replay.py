"""One session that gets turns word by word: without memory, by the textbook, or ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from livekit.agents import Agent
from livekit.agents.llm import ChatContext, ChatMessage

from agent.backend_client import BackendClient
from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.resume import resume
from agent.conversation.wiring import People, build_conversation
from agent.messages.rolling_window import message_ids
from agent.recall.query import Asker, RecallLimits, TurnQuery
from agent.recall.recalled_context import open_question
from agent.settings import AgentSettings
from benchmarks.spoken import Clock, PlainAgent, SpokenSession, Turn
from retrieval.wire import (
    AppendOutcome,
    AppendResult,
    MessageCreate,
    SearchRequest,
    WindowMessage,
)

ROOM = "turns"
TOP = 10


class FrozenClient(BackendClient):
    """Searches the real backend but stores nothing."""

    async def append_messages(
        self,
        conversation_id: Any,
        messages: Sequence[MessageCreate],
        *,
        epoch: int | None = None,
        room: str | None = None,
        timeout_s: float | None = None,
    ) -> AppendResult:
        outcomes = [AppendOutcome(id=m.id, seq=1, status="stored") for m in messages]
        return AppendResult(outcomes=outcomes)


class TextbookAgent(PlainAgent):
    """Searches after the end of the turn and waits for the result."""

    def __init__(self, clock: Clock, client: BackendClient, conversation_id: Any) -> None:
        super().__init__(clock)
        self._client = client
        self._conversation_id = conversation_id

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        self._clock.asked()
        request = SearchRequest(query=new_message.text_content or "-", limit=TOP)
        found = await self._client.search_conversation(self._conversation_id, request)
        texts = "\n".join(hit.message.content for hit in found.hits)
        turn_ctx.add_message(role="assistant", content=f"Relevant messages:\n{texts}")


class Replay:
    def __init__(self, mode: str, url: str, data_dir: Path) -> None:
        self._mode = mode
        self._spoken = SpokenSession()
        self._client = FrozenClient(url, timeout_s=30)
        self._settings = AgentSettings(
            data_dir=data_dir, greeting="", welcome_back="", farewell="", recall_limit=TOP
        )
        self._speaker = "user"
        self._excluded: frozenset[str] = frozenset()
        self._window: Sequence[WindowMessage] = ()
        self._ours: ConversationAgent | None = None

    async def open(self) -> None:
        resumed = await resume(
            self._client,
            self._settings,
            room=ROOM,
            identity="agent",
            session_id=uuid4().hex,
        )
        self._conversation_id = resumed.conversation_id
        self._outbox = resumed.outbox
        agent: Agent = PlainAgent(self._spoken.clock)
        if self._mode == "ours":
            people = People("agent", self._asker)
            self._ours = build_conversation(
                self._settings,
                client=self._client,
                resumed=resumed,
                session=self._spoken.session,
                people=people,
            )
            self._time_recall(self._ours)
        elif self._mode == "textbook":
            agent = TextbookAgent(self._spoken.clock, self._client, self._conversation_id)
        if self._ours is not None:
            await self._ours.start(Agent(instructions=self._settings.instructions))
        else:
            await self._spoken.session.start(agent)

    async def aclose(self) -> None:
        if self._ours is not None:
            await self._ours.close()
        else:
            await self._spoken.session.aclose()
            await self._outbox.aclose()
        await self._client.aclose()

    async def turn(self, message: MessageCreate) -> Turn:
        self._speaker = message.participant
        turn = await self._spoken.say(message.content)
        if self._ours is not None:
            await self._compare(self._ours, message, turn)
        return turn

    def _asker(self, _: str | None) -> Asker:
        return Asker(self._speaker)

    def _time_recall(self, ours: ConversationAgent) -> None:
        place = ours.recalled_context.place

        async def timed(chat_ctx: ChatContext) -> None:
            self._excluded = message_ids(chat_ctx)
            self._window = ours.recalled_context.said(chat_ctx, before=open_question(chat_ctx))
            self._spoken.clock.asked()
            await place(chat_ctx)

        ours.recalled_context.place = timed  # type: ignore[method-assign]  # adds a stopwatch

    async def _compare(self, ours: ConversationAgent, message: MessageCreate, turn: Turn) -> None:
        """Repeat the search with the whole text; sets `source` and `same_top`."""
        recalled = next(reversed(ours.recalled_context._turns.values())).recalled
        turn.source = recalled.source
        newest = self._settings.recall_window_messages
        query = TurnQuery(
            message.content,
            Asker(self._speaker),
            self._excluded,
            tuple(self._window)[-newest:] if newest else (),
        )
        request = query.request(
            RecallLimits(
                hits=TOP,
                token_budget=self._settings.recall_token_budget,
                neighbours=self._settings.recall_neighbours,
            )
        )
        full = await self._client.search_conversation(self._conversation_id, request)
        # As sets: the prompt orders hits by time, not by rank.
        wanted = {hit.message.id for hit in full.hits} if full.relevant else set()
        turn.same_top = {hit.message.id for hit in recalled.hits} == wanted
