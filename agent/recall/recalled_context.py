"""Places recalled messages into a request, just before its question."""

from collections import OrderedDict
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeGuard

from livekit.agents.llm import ChatContext, ChatItem, ChatMessage
from opentelemetry.trace import Span

from agent.messages.erasures import Erasures
from agent.messages.rolling_window import SPEAKER, message_id, message_ids, window_messages
from agent.messages.sanitize import storable_content
from agent.recall.notices import RecallNotices
from agent.recall.placed import BlockRole, Placed
from agent.recall.query import Asker
from agent.recall.read_as import Said, spans_of
from agent.recall.recall import Recall, Recalled
from agent.recall.transcript import Transcript
from agent.tracing import current_turn, span
from retrieval.quotation.block import Frame, chosen_block
from retrieval.wire import Glue, RetrievalHit, TextSpan, WindowMessage

BLOCK_ID = "longroom.recalled"
REVISION = "revision"
"""Key in the block's ChatMessage.extra: the conversation's, when its messages were found."""
HITS = "hits"
"""Key in the block's ChatMessage.extra: the hits as JSON, best first."""

_KEPT_TURNS = 16


@dataclass(frozen=True)
class BlockStyle:
    """`role` is not "system": what people said would stand in the system's own voice."""

    role: BlockRole = "user"
    token_budget: int = 1000


class RecalledContext:
    """Gives requests their memory. `asker` describes an identity, None the linked participant."""

    def __init__(
        self,
        recall: Recall,
        *,
        asker: Callable[[str | None], Asker],
        style: BlockStyle,
        queued: Set[str],
        notices: RecallNotices | None = None,
    ) -> None:
        self._recall = recall
        self._asker = asker
        self._style = style
        self._queued = queued
        self._notices = notices or RecallNotices(None)
        self._asking: str | None = None
        self._transcripts: dict[str | None, Transcript] = {}
        self._turns: OrderedDict[str, Placed] = OrderedDict()

    @property
    def asker(self) -> Asker:
        """Of the question that is being answered."""
        return self._asker(self._asking)

    def hear(
        self, segment: str, *, final: bool, window: ChatContext, identity: str | None = None
    ) -> None:
        transcript = self._transcripts.setdefault(identity, Transcript())
        self._recall.prefetch(
            transcript.grown(segment, final=final),
            asker=self._asker(identity),
            exclude=self._excluded(window),
            window=self.said(window),
            final=final,
        )

    def end_turn(self, identity: str | None = None) -> None:
        self._transcripts.pop(identity, None)

    async def place(self, chat_ctx: ChatContext) -> None:
        """Add the block to a request's copy, once per question. Raises only for cancellation."""
        question = open_question(chat_ctx)
        if question is None or chat_ctx.get_by_id(BLOCK_ID) is not None:
            return
        self._asking = question.extra.get(SPEAKER)
        asker = self.asker
        exclude = self._excluded(chat_ctx)
        before = self.said(chat_ctx, before=question)
        with span("recall", parent=current_turn()) as current:
            recalled = await self._recall.take(
                question.text_content or "", asker=asker, exclude=exclude, window=before
            )
            _describe(current, recalled)
        self._notices.placed(message_id(question), asker.identity, recalled)
        frame = Frame(datetime.now(UTC), asker.time_zone)
        block = chosen_block(recalled.hits, token_budget=self._style.token_budget, frame=frame)
        placed = Placed(recalled, _read_as(recalled, chat_ctx, question))
        self._note(message_id(question), placed.with_block(block, frame, self._style.role))
        if block.text is not None:
            # By position, not by time: equal times would put it behind the question.
            item = self._item(block.text, recalled, question)
            chat_ctx.items.insert(chat_ctx.index_by_id(question.id) or 0, item)

    def said(
        self, window: ChatContext, *, before: ChatMessage | None = None
    ) -> list[WindowMessage]:
        """What a follow-up question may refer to, oldest first."""
        return window_messages(window, before=before, speaker=self._asker(None).identity)

    def recalled(self, question_id: str) -> Recalled:
        """What the newest request got, by the question's stored id."""
        return self.placed(question_id).recalled

    def placed(self, question_id: str) -> Placed:
        return self._turns.get(question_id, Placed())

    def not_shown(self, chat_ctx: ChatContext) -> None:
        """The block was taken out of this request's copy."""
        question = newest_question(chat_ctx)
        if question is not None and (id_ := message_id(question)) in self._turns:
            self._turns[id_] = self._turns[id_].without_block()

    def forget(self, erasures: Erasures, revision: int) -> None:
        """What was found, is being found or was said so far of an unfinished turn, where erased."""
        self._recall.forget(revision)
        for identity in list(self._transcripts):
            person = self._asker(identity).identity
            if erasures.everything or erasures.covers_name(person):
                del self._transcripts[identity]
        for question_id, placed in self._turns.items():
            self._turns[question_id] = placed.without(erasures)

    def take_back(self, chat_ctx: ChatContext, erasures: Erasures) -> bool:
        """Take the block out if it quotes what was erased or corrected since."""
        block = chat_ctx.get_by_id(BLOCK_ID) if erasures else None
        if not isinstance(block, ChatMessage):
            return False
        hits = map(RetrievalHit.model_validate, block.extra[HITS])
        if not (erasures.everything or any(map(erasures.touches, hits))):
            return False
        chat_ctx.items.remove(block)
        self.not_shown(chat_ctx)
        return True

    async def aclose(self) -> None:
        await self._recall.aclose()

    def _excluded(self, window: ChatContext) -> Set[str]:
        return message_ids(window) | self._queued

    def _item(self, text: str, recalled: Recalled, question: ChatMessage) -> ChatMessage:
        return ChatMessage(
            id=BLOCK_ID,
            role=self._style.role,
            content=[text],
            # LiveKit sorts by time when it merges contexts between the steps of a turn.
            created_at=question.created_at - 1e-6,
            extra={
                HITS: [hit.model_dump(mode="json") for hit in recalled.hits],
                REVISION: recalled.revision,
            },
        )

    def _note(self, question_id: str, placed: Placed) -> None:
        self._turns[question_id] = placed
        while len(self._turns) > _KEPT_TURNS:
            self._turns.popitem(last=False)


def _read_as(
    recalled: Recalled, chat_ctx: ChatContext, question: ChatMessage
) -> list[TextSpan | Glue] | None:
    found = recalled.found
    if found is None or found.read_as is None:
        return None
    window = (item for item in reversed(chat_ctx.items) if was_said(item) and item is not question)
    said = [Said(message_id(item), storable_content(item.text_content or "")) for item in window]
    asked = Said(message_id(question), storable_content(question.text_content or ""))
    others = [Said(hit.message.id, hit.message.content) for hit in found.hits]
    return spans_of(found.read_as, [asked, *said, *others])


def _describe(current: Span, recalled: Recalled) -> None:
    current.set_attribute("longroom.source", recalled.source)
    current.set_attribute("longroom.hits", len(recalled.hits))
    current.set_attribute("longroom.recall_ms", recalled.recall_ms)
    current.set_attribute("longroom.degraded", recalled.degraded or "")


def was_said(item: ChatItem) -> TypeGuard[ChatMessage]:
    """Not instructions, not the block."""
    return (
        isinstance(item, ChatMessage) and item.role in {"user", "assistant"} and item.id != BLOCK_ID
    )


def newest_question(chat_ctx: ChatContext) -> ChatMessage | None:
    """The last user message: within a turn, also after the agent has said something."""
    said = (item for item in reversed(chat_ctx.items) if was_said(item))
    return next((item for item in said if item.role == "user"), None)


def open_question(chat_ctx: ChatContext) -> ChatMessage | None:
    """The last user message, unless the agent has spoken after it."""
    last = next((item for item in reversed(chat_ctx.items) if was_said(item)), None)
    return last if last is not None and last.role == "user" else None
