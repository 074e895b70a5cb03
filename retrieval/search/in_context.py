"""Reads the query, and in the context of the window a follow-up ("and the second one?")."""

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from retrieval.search.context import SearchContext, read_context
from retrieval.search.memory.version import Kept
from retrieval.search.query.filters import Filters
from retrieval.search.query.follow_up.antecedents import resolved
from retrieval.search.query.follow_up.previous_turn import KnownPeople
from retrieval.search.query.follow_up.signs import (
    MAX_FOLLOW_UP_CHARS,
    Sign,
    sign_of_follow_up,
)
from retrieval.search.query.people import possible_names
from retrieval.search.query.query import Query, understand
from retrieval.search.query.small_talk import is_small_talk
from retrieval.search.query.word_lists import ASKING_WORDS
from retrieval.text.terms.forms import content
from retrieval.wire import ConversationId, SearchRequest

if TYPE_CHECKING:
    from retrieval.database.connection import Database


async def read_in_context(
    db: "Database",
    *,
    conversation_id: ConversationId,
    request: SearchRequest,
    now: datetime,
    room: Kept | None = None,
) -> tuple[Query, SearchContext]:
    """A follow-up's query text differs from the request's; `room` is it in memory, if it is.

    Raises ConversationNotFound.
    """
    text, context = await _read(db, conversation_id, request, room)
    query = understand(
        text,
        names=context.names,
        participants=context.participants,
        asker=request.asker,
        now=now.astimezone(ZoneInfo(request.time_zone)),
        language=context.language,
    )
    return query, context


async def _read(
    db: "Database", conversation_id: ConversationId, request: SearchRequest, room: Kept | None
) -> tuple[str, SearchContext]:
    text = request.query
    if request.window and (sign := sign_of_follow_up(text)):
        text = await _resolved(db, conversation_id, request, sign) or text
    context = await _context(db, conversation_id, request, text, room)
    if request.window and text == request.query and _is_bare(text, context):
        meant = await _resolved(db, conversation_id, request, "bare")
        if meant is not None:
            return meant, await _context(db, conversation_id, request, meant, room)
    return text, context


def _is_bare(text: str, context: SearchContext) -> bool:
    """Whether all words are function words of the room's language, or ask "when?" in any."""
    if len(text) > MAX_FOLLOW_UP_CHARS:
        return False
    if text.strip(" ?？¿.!").lower() in ASKING_WORDS:
        return True
    return ASKING_WORDS.issuperset(content(text, language=context.language)) and not is_small_talk(
        text
    )


async def _context(
    db: "Database",
    conversation_id: ConversationId,
    request: SearchRequest,
    text: str,
    room: Kept | None,
) -> SearchContext:
    return await read_context(
        db,
        conversation_id=conversation_id,
        query=text,
        exclude_ids=request.exclude_ids,
        with_words=not (request.metadata or Filters.of(request, excluded=[]).narrow),
        room=room,
    )


async def _resolved(
    db: "Database", conversation_id: ConversationId, request: SearchRequest, sign: Sign
) -> str | None:
    said = [request.query, *(message.content for message in request.window)]
    names = [name for text in said for name in possible_names(text)]
    people = await _people(db, conversation_id, request.asker, names)
    return resolved(request.query, sign, window=request.window, people=people)


NAMES = """
select array_agg(name order by name, identity) as names,
       array_agg(identity order by name, identity) as identities,
       (select count(distinct identity)
          from (select identity from participant_name where conversation_id = $1 limit 100) few)
           as participants
  from participant_name
 where conversation_id = $1 and name = any($2)
"""


async def _people(
    db: "Database", conversation_id: ConversationId, asker: str | None, names: list[str]
) -> KnownPeople:
    row = await db.fetchrow(NAMES, conversation_id, names)
    assert row is not None  # noqa: S101 - an aggregate always has one row
    known: defaultdict[str, set[str]] = defaultdict(set)
    for name, identity in zip(row["names"] or [], row["identities"] or [], strict=True):
        known[name].add(identity)
    return KnownPeople(
        {name: frozenset(identities) for name, identities in known.items()},
        row["participants"],
        asker,
    )
