"""Questions that an earlier agent accepted and did not answer."""

import dataclasses
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.backend_client import BackendClient
from agent.conversation.resume import Resumed, Said, as_said
from agent.conversation.session.event_records import turn_ends
from agent.messages.question import (
    Outcome,
    Question,
    answer_part,
    answered_question,
    apologised_question,
    id_as_sent,
)
from agent.messages.rolling_window import GOES_ON, conversational
from longroom.client import BackendError
from retrieval.wire import MAX_BATCH_EVENTS, MAX_PAGE_MESSAGES, MessageId

STILL_WAITED_FOR = timedelta(seconds=120)
"""Older questions are not answered any more."""
CLOCKS_DIFFER_BY = timedelta(minutes=5)
"""At most, those of two workers."""
_CUT_OFF: Outcome = "interrupted"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unanswered:
    """`resumed` excludes `waiting` questions, which are to be answered; both are oldest first.

    `ended` are those whose end is known. A question in neither was given up: it is answered if
    sent again. `parts`: how many messages of a question's answers are stored.
    """

    resumed: Resumed
    waiting: list[Question]
    ended: list[tuple[Question, Outcome]]
    parts: dict[MessageId, int]


async def find_unanswered(
    client: BackendClient, resumed: Resumed, *, window: int, now: datetime | None = None
) -> Unanswered:
    """Search the newest MAX_PAGE_MESSAGES; without the backend only the window and the outbox.

    What was announced as failed, empty or interrupted is not waited for any more. What waits in
    another room of the conversation is left to that room's agent.
    """
    now = now or datetime.now(UTC)
    said: Sequence[Said] = resumed.window
    if _may_go_on_earlier(said, window, now):
        said = await _further_back(client, resumed)
    ended: dict[MessageId, Outcome] = dict.fromkeys(answered_ids(said), "answered")
    begun = begun_ids(said) - set(ended)
    if begun or any(_waits(m, ended, now) for m in said):
        asked_at = [m.created_at for m in said if m.id in begun]
        since = min([now - STILL_WAITED_FOR, *asked_at]) - CLOCKS_DIFFER_BY
        told_ends = await announced_ends(client, resumed, since=since)
        ended = dict.fromkeys(begun, _CUT_OFF) | told_ends | ended
    waiting = {m.id for m in said if _waits(m, ended, now)}
    # What was said before a call of a tool, when the agent was killed, is said again.
    told = in_turns([m for m in said if m.id not in waiting and _answers(m) not in waiting])
    return Unanswered(
        dataclasses.replace(resumed, window=told[-window:]),
        waiting=[_question(m) for m in said if m.id in waiting and _was_asked_here(m, resumed)],
        ended=[(_question(m), ended[m.id]) for m in said if m.role == "user" and m.id in ended],
        parts=_parts(said),
    )


def answered_ids(said: Sequence[Said]) -> set[MessageId]:
    """An answer from another program (its id names no question) answers the question before.

    An apology answers none, nor does what was cut off or said before a call of a tool.
    """
    answered = {named for m in said if _is_whole(m) and (named := _answers(m))}
    newest: MessageId | None = None
    for message in said:
        if message.role == "user":
            newest = message.id
        elif (
            message.role == "assistant"
            and newest is not None
            and answered_question(message.id) is None
            and apologised_question(message.id) is None
        ):
            answered.add(newest)
    return answered


def begun_ids(said: Sequence[Said]) -> set[MessageId]:
    """Questions of whose answer a part was said, and the rest was not to come."""
    return {named for m in said if m.interrupted and (named := _answers(m))}


def _answers(message: Said) -> MessageId | None:
    return answered_question(message.id) if message.role == "assistant" else None


def _is_whole(message: Said) -> bool:
    return not message.interrupted and GOES_ON not in message.metadata


def _parts(said: Sequence[Said]) -> dict[MessageId, int]:
    parts: dict[MessageId, int] = {}
    for message in said:
        if (named := _answers(message)) is not None:
            parts[named] = max(parts.get(named, 0), answer_part(message.id))
    return parts


def in_turns(said: Sequence[Said]) -> list[Said]:
    """Each question just before its answer, as in prompts; several may be asked meanwhile."""
    questions = {m.id: m for m in said if m.role == "user"}
    answers = {
        m.id: answered_question(m.id) or apologised_question(m.id)
        for m in said
        if m.role == "assistant"
    }
    moved = {named for named in answers.values() if named in questions}
    turns: list[Said] = []
    for message in said:
        if message.id in moved:
            continue
        named = answers.get(message.id)
        if named in moved:
            moved.discard(named)
            turns.append(questions[named])
        turns.append(message)
    return turns


def _may_go_on_earlier(said: Sequence[Said], window: int, now: datetime) -> bool:
    """Whether a question before the window may be pending, or a pending one takes a place in it."""
    answered = answered_ids(said)
    full = len(said) >= window
    return full and (
        now - said[0].created_at <= STILL_WAITED_FOR or any(_waits(m, answered, now) for m in said)
    )


def _was_asked_here(message: Said, resumed: Resumed) -> bool:
    return resumed.key is None or message.room == resumed.room


def _waits(message: Said, ended: Collection[MessageId], now: datetime) -> bool:
    recent = now - message.created_at <= STILL_WAITED_FOR
    return message.role == "user" and recent and message.id not in ended


async def announced_ends(
    client: BackendClient, resumed: Resumed, *, since: datetime
) -> dict[MessageId, Outcome]:
    """By the records of turns, stored or still on this disk; the last one of a question counts."""
    records = await resumed.outbox.waiting_events()
    try:
        stored = await client.newest_events(
            resumed.conversation_id, kind="metric", since=since, limit=MAX_BATCH_EVENTS
        )
        records = [*stored, *records]
    except BackendError as error:
        logger.warning("ends of turns not looked for", extra={"reason": str(error)})
    return turn_ends(records)


async def _further_back(client: BackendClient, resumed: Resumed) -> list[Said]:
    stored: Sequence[Said] = resumed.window
    try:
        page = await client.get_recent_messages(resumed.conversation_id, limit=MAX_PAGE_MESSAGES)
        stored = conversational(page.messages)
    except BackendError as error:
        logger.warning("earlier questions not looked for", extra={"reason": str(error)})
    waiting = await resumed.outbox.waiting_messages()
    undelivered = {message.id for message in waiting}
    known = {id_as_sent(message.id) for message in stored} | undelivered
    lately = [m for m in resumed.window if id_as_sent(m.id) not in known]
    delivered = [m for m in stored if id_as_sent(m.id) not in undelivered]
    return as_said([*delivered, *lately, *waiting])


def _question(message: Said) -> Question:
    return Question(
        id=message.id,
        speaker=message.participant,
        text=message.content,
        asked_at=message.created_at,
    )
