"""Reads a request in the light of its window: the text to search, and the room it is read in."""

from collections import defaultdict
from typing import TYPE_CHECKING

from retrieval.search.context import SearchContext, read_context
from retrieval.search.query.filters import Filters
from retrieval.search.query.follow_up.antecedents import resolved
from retrieval.search.query.follow_up.previous_turn import Present
from retrieval.search.query.follow_up.signs import Sign, sign_of_follow_up
from retrieval.search.query.follow_up.stop_words import ASKING_WORDS
from retrieval.search.query.people import possible_names
from retrieval.search.query.small_talk import is_small_talk
from retrieval.text import exact_terms
from retrieval.wire import ConversationId, SearchRequest

if TYPE_CHECKING:
    from retrieval.database.connection import Database


async def read_in_context(
    db: "Database", *, conversation_id: ConversationId, request: SearchRequest
) -> tuple[str, SearchContext]:
    """The query, or what it means if it is a follow-up, and what the room knows of it.

    A query that stands on its own costs nothing more than without a window. Raises
    ConversationNotFound.
    """
    text = request.query
    if request.window and (sign := sign_of_follow_up(text)):
        text = await _resolved(db, conversation_id, request, sign) or text
    room = await _room(db, conversation_id, request, text)
    if request.window and text == request.query and _says_nothing(text, room):
        meant = await _resolved(db, conversation_id, request, "bare")
        if meant is not None:
            return meant, await _room(db, conversation_id, request, meant)
    return text, room


def _says_nothing(text: str, room: SearchContext) -> bool:
    """Whether all words are stop words of the room's language, or ask "when?" in some language."""
    if text.strip(" ?？¿.!").lower() in ASKING_WORDS:
        return True
    if not ASKING_WORDS.issuperset(room.lexemes):
        return False
    return not exact_terms.exact_terms(text) and not is_small_talk(text)


async def _room(
    db: "Database", conversation_id: ConversationId, request: SearchRequest, text: str
) -> SearchContext:
    return await read_context(
        db,
        conversation_id=conversation_id,
        query=text,
        exclude_ids=request.exclude_ids,
        with_words=not Filters.of(request, excluded=[]).narrow,
    )


async def _resolved(
    db: "Database", conversation_id: ConversationId, request: SearchRequest, sign: Sign
) -> str | None:
    said = [request.query, *(message.content for message in request.window)]
    names = [name for text in said for name in possible_names(text)]
    present = await _present(db, conversation_id, request.asker, names)
    return resolved(request.query, sign, window=request.window, present=present)


NAMES = """
select array_agg(name order by name, identity) as names,
       array_agg(identity order by name, identity) as identities,
       (select count(distinct identity)
          from (select identity from participant_name where conversation_id = $1 limit 100) few)
           as participants
  from participant_name
 where conversation_id = $1 and name = any($2)
"""


async def _present(
    db: "Database", conversation_id: ConversationId, asker: str | None, names: list[str]
) -> Present:
    row = await db.fetchrow(NAMES, conversation_id, names)
    assert row is not None  # noqa: S101 - an aggregate always has one row
    known: defaultdict[str, set[str]] = defaultdict(set)
    for name, identity in zip(row["names"] or [], row["identities"] or [], strict=True):
        known[name].add(identity)
    return Present(
        {name: frozenset(people) for name, people in known.items()}, row["participants"], asker
    )
