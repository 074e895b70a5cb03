"""The conversation as it is stored: each question is a statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import JsonValue

from retrieval.ann.tiers import tier_of
from retrieval.columns import Integers
from retrieval.search.context import SearchContext
from retrieval.search.lexical.misspelt import LookUp
from retrieval.search.lexical.postings import Postings
from retrieval.search.query.filters import Filters
from retrieval.search.source import Known, Sought, Wanted
from retrieval.search.stored.known import read_known, read_known_of_all
from retrieval.search.stored.messages import read_messages
from retrieval.search.stored.nearest import nearest
from retrieval.search.stored.postings import read_complete, read_postings
from retrieval.search.stored.vocabulary import read_similar
from retrieval.search.vector.cosines import Target
from retrieval.store.indexes.metadata_index import messages_with
from retrieval.store.timeline import Around, said_around
from retrieval.wire import ConversationId, Message

if TYPE_CHECKING:
    from retrieval.database.connection import Database


@dataclass(frozen=True)
class StoredSource:
    """Implements Source."""

    db: "Database"
    context: SearchContext

    @property
    def conversation_id(self) -> ConversationId:
        return self.context.conversation_id

    async def listed(self, metadata: Mapping[str, JsonValue]) -> Integers:
        return await messages_with(self.db, conversation_id=self.conversation_id, metadata=metadata)

    async def postings(self, terms: Sequence[str], filters: Filters) -> list[Postings]:
        return await read_postings(
            self.db,
            self.conversation_id,
            terms=terms,
            filters=filters,
            messages=self.context.message_count,
            passages=self.context.passage_count,
        )

    async def complete(self, capped: Sequence[Postings], seqs: Integers) -> list[Postings]:
        return await read_complete(self.db, self.conversation_id, capped=capped, seqs=seqs)

    async def similar(self, look_ups: Sequence[LookUp]) -> list[tuple[str, Sequence[str]]]:
        return await read_similar(self.db, self.conversation_id, look_ups)

    async def nearest(self, target: Target, wanted: Wanted) -> Integers:
        tier = tier_of(self.context.prepared, passages=self.context.passage_count)
        return await nearest(self.db, target, wanted=wanted, tier=tier)

    async def known(self, sought: Sought, seqs: Integers, *, kinds: Sequence[bool]) -> Known:
        return await read_known(self.db, self.conversation_id, sought, seqs=seqs, kinds=kinds)

    async def known_of_all(self, sought: Sought) -> Known:
        return await read_known_of_all(self.db, self.conversation_id, sought)

    async def said_around(
        self, seqs: Sequence[int], *, before: int, after: int
    ) -> Mapping[int, Around]:
        return await said_around(self.db, self.conversation_id, seqs, before=before, after=after)

    async def messages(self, seqs: Sequence[int]) -> dict[int, Message]:
        return await read_messages(self.db, conversation_id=self.conversation_id, seqs=seqs)
