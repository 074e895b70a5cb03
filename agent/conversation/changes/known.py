"""What a session knows of erasures and corrections, and contexts without what was erased."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeGuard
from uuid import UUID

from livekit.agents.llm import ChatContext, ChatItem, ChatMessage, FunctionCall, FunctionCallOutput

from agent.messages.clock import Clock
from agent.messages.erasures import Erasures
from agent.messages.finished_tools import SEARCH_TOOL
from agent.messages.question import Question
from agent.messages.rolling_window import (
    ASKED_AT,
    MESSAGE_ID,
    SPEAKER,
    TOOL_ITEMS,
    is_conversational,
    is_instruction,
    message_id,
    with_text,
)
from agent.recall.recalled_context import BLOCK_ID, REVISION, was_said

OUTDATED = "[What was found has changed since. Search again if you need it.]"
_KEPT_RESULTS = 64
_READINGS_DIFFER_BY = timedelta(milliseconds=20)
"""At most, when one moment is corrected twice: it is stored with the first one."""
_TELLING_CHARS = 12
"""A shorter text stands in many others, and tells nothing."""


class KnownChanges:
    """All since the session began; `revision` is the conversation's up to which they are known.

    Erasures of people have a time by the backend's `clock`.
    """

    def __init__(self, conversation_id: UUID, revision: int, clock: Clock) -> None:
        self._clock = clock
        self.erasures = Erasures(conversation_id)
        self.revision = revision
        self._changed_at = revision
        self._results: OrderedDict[str, int] = OrderedDict()

    def add(self, erasures: Erasures, revision: int) -> None:
        self.revision = revision
        self._changed_at = min(self._changed_at, revision)  # lower: of a restored database
        if erasures:
            self.erasures = self.erasures.with_more(erasures)
            self._changed_at = revision

    def found(self, call_id: str, revision: int) -> None:
        """At which revision the result of a call of the search tool was found."""
        self._results[call_id] = revision
        if len(self._results) > _KEPT_RESULTS:
            self._results.popitem(last=False)

    def covers(self, question: Question) -> bool:
        return self.erasures.covers(
            question.id,
            participant=question.speaker,
            said_at=self._by_the_backends_clock(question.asked_at),
        )

    def covers_item(self, item: ChatMessage) -> bool:
        said_at = datetime.fromtimestamp(item.extra.get(ASKED_AT, item.created_at), UTC)
        if item.extra.get(MESSAGE_ID) != item.id:  # not restored: by this machine's clock
            said_at = self._by_the_backends_clock(said_at)
        speaker = item.extra.get(SPEAKER)
        return self.erasures.covers(
            message_id(item), participant=None if speaker is None else str(speaker), said_at=said_at
        )

    def _by_the_backends_clock(self, moment: datetime) -> datetime:
        return self._clock.corrected(moment) - _READINGS_DIFFER_BY

    def keeps(self, item: ChatMessage) -> bool:
        """Whether it belongs to the window."""
        return is_conversational(item) and not self.covers_item(item)

    def covers_newest_question(self, chat_ctx: ChatContext) -> bool:
        said = (item for item in reversed(chat_ctx.items) if _is_users(item))
        newest = next(said, None)
        return newest is not None and was_said(newest) and self.covers_item(newest)

    def cleaned(self, items: Sequence[ChatItem]) -> list[ChatItem] | None:
        """Copies of what was corrected, nothing of what was erased; None if nothing is to change.

        Calls of tools go with their question, and where they quote it.
        """
        if not self.erasures:
            return None
        gone = {item.id for item in items if self._goes(item)}
        corrected = {
            item.id: with_text(item, text)
            for item in items
            if item.id not in gone and isinstance(item, ChatMessage)
            if (text := self._correction(item)) is not None
        }
        quotes = _texts(item for item in items if item.id in gone or item.id in corrected)
        left = self._without_calls(items, gone, quotes)
        made = [corrected.get(item.id, item) for item in left]
        same = len(made) == len(items) and all(a is b for a, b in zip(made, items, strict=True))
        return None if same else made

    def _goes(self, item: ChatItem) -> bool:
        return isinstance(item, ChatMessage) and is_conversational(item) and self.covers_item(item)

    def _correction(self, item: ChatMessage) -> str | None:
        corrected = self.erasures.corrected.get(message_id(item))
        if corrected is None or not is_conversational(item):
            return None
        return corrected.content if corrected.content != item.text_content else None

    def _without_calls(
        self, items: Sequence[ChatItem], gone: set[str], quotes: Sequence[str]
    ) -> list[ChatItem]:
        left: list[ChatItem] = []
        calls_gone: set[str] = set()
        with_question = False
        for item in items:
            if _is_users(item):
                with_question = item.id in gone
            if isinstance(item, FunctionCall | FunctionCallOutput):
                if with_question or self.erasures.everything or _quotes(item, quotes):
                    calls_gone.add(item.call_id)
                left.append(self._up_to_date(item))
            elif item.id not in gone:
                left.append(item)
        return [
            item
            for item in left
            if not isinstance(item, FunctionCall | FunctionCallOutput)
            or item.call_id not in calls_gone
        ]

    def _up_to_date(self, item: FunctionCall | FunctionCallOutput) -> ChatItem:
        if not isinstance(item, FunctionCallOutput) or item.name != SEARCH_TOOL:
            return item
        if item.output == OUTDATED or self._results.get(item.call_id, 0) >= self._changed_at:
            return item
        return item.model_copy(update={"output": OUTDATED})


def question_alone(
    chat_ctx: ChatContext, *, is_up_to_date: Callable[[int], bool]
) -> list[ChatItem]:
    """What is shown while it is known that something was erased, but not yet what: beside the
    question what was recalled for it, if that is newer.
    """
    items = chat_ctx.items
    last = max((n for n, item in enumerate(items) if _is_users(item)), default=0)
    head = [
        item
        for item in items[:last]
        if is_instruction(item) or (_is_block(item) and is_up_to_date(item.extra.get(REVISION, 0)))
    ]
    return [*head, *(item for item in items[last:] if item.type not in TOOL_ITEMS)]


def _is_block(item: ChatItem) -> TypeGuard[ChatMessage]:
    return isinstance(item, ChatMessage) and item.id == BLOCK_ID


def _is_users(item: ChatItem) -> bool:
    return was_said(item) and item.role == "user"


def _texts(items: Iterable[ChatItem]) -> list[str]:
    texts = (item.text_content or "" for item in items if isinstance(item, ChatMessage))
    return [text for text in texts if len(text) >= _TELLING_CHARS]


def _quotes(item: FunctionCall | FunctionCallOutput, texts: Sequence[str]) -> bool:
    shown = item.arguments if isinstance(item, FunctionCall) else item.output
    return any(text in shown for text in texts)
