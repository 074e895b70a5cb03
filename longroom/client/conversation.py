"""One conversation: what was said in it, in plain arguments."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from pydantic import JsonValue

from longroom.client.batches import batches
from longroom.client.routes import Routes
from retrieval.wire import (
    MAX_CHANGES,
    MAX_PAGE_MESSAGES,
    AppendOutcome,
    Change,
    ConversationEvent,
    ConversationToken,
    CreateToken,
    ErasureReceipt,
    EventKind,
    Message,
    MessageCreate,
    MessageId,
    Role,
    SearchRequest,
    SearchResponse,
    TokenPermission,
    WindowMessage,
)


class ConversationClient:
    """Raises like the client that it belongs to, and is closed with it."""

    def __init__(self, routes: Routes, conversation_id: UUID) -> None:
        self.id = conversation_id
        self._routes = routes

    async def append(
        self,
        content: str,
        *,
        participant: str,
        role: Role = "user",
        id: str | None = None,
        created_at: datetime | None = None,
        interrupted: bool = False,
        metadata: Mapping[str, JsonValue] | None = None,
        room: str | None = None,
    ) -> AppendOutcome:
        """One message; `created_at` is when it was said, by default now, and `room` where.

        Give an `id` of your own if you may call again: the same id is stored once.
        """
        message = MessageCreate(
            id=MessageId(id or uuid4().hex),
            role=role,
            participant=participant,
            content=content,
            created_at=created_at or datetime.now(UTC),
            interrupted=interrupted,
            metadata=dict(metadata or {}),
            room=room,
        )
        return (await self.append_all([message]))[0]

    async def append_all(self, messages: Iterable[MessageCreate]) -> list[AppendOutcome]:
        """In order, in as many requests as their length needs, each stored all or nothing."""
        outcomes: list[AppendOutcome] = []
        for batch in batches(messages):
            outcomes += (await self._routes.append_messages(self.id, batch)).outcomes
        return outcomes

    async def recent(self, limit: int = 20, *, before: int | None = None) -> list[Message]:
        """What was said last, oldest first; or last before the message of seq `before`."""
        return (
            await self._routes.get_recent_messages(self.id, limit=limit, before=before)
        ).messages

    async def messages(self, *, after: int = 0) -> AsyncIterator[Message]:
        """All that arrived after the message of seq `after`, in order of arrival, page by page."""
        last_seq = after
        while True:
            page = await self._routes.get_recent_messages(
                self.id, limit=MAX_PAGE_MESSAGES, after=last_seq
            )
            for message in page.messages:
                yield message
            if len(page.messages) < MAX_PAGE_MESSAGES:
                return
            last_seq = page.messages[-1].seq

    async def search(
        self,
        query: str,
        *,
        limit: int = 10,
        asker: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        participants: Sequence[str] | None = None,
        roles: Sequence[Role] | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        neighbours: int = 0,
        token_budget: int | None = None,
        time_zone: str = "UTC",
        window: Sequence[WindowMessage] = (),
        exclude_ids: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> SearchResponse:
        """What answers `query`, best first. SearchRequest says what each filter means."""
        request = SearchRequest(
            query=query,
            limit=limit,
            asker=asker,
            since=since,
            until=until,
            participants=None if participants is None else list(participants),
            roles=None if roles is None else list(roles),
            metadata=dict(metadata or {}),
            neighbours=neighbours,
            token_budget=token_budget,
            time_zone=time_zone,
            window=list(window),
            exclude_ids=[MessageId(one) for one in exclude_ids],
        )
        return await self._routes.search_conversation(self.id, request, timeout_s=timeout_s)

    async def record(self, events: Sequence[ConversationEvent]) -> int:
        """How many of them are new: an event is recorded once under its id."""
        return (await self._routes.record_events(self.id, events)).recorded

    async def events(
        self, *, kind: EventKind | None = None, since: datetime | None = None, limit: int = 100
    ) -> list[ConversationEvent]:
        """The newest, oldest first."""
        return await self._routes.newest_events(self.id, kind=kind, since=since, limit=limit)

    async def token(
        self,
        subject: str,
        *,
        permissions: Sequence[TokenPermission] = ("read", "search"),
        room: str | None = None,
        expires_in_s: int = 600,
    ) -> ConversationToken:
        """What a browser or another server opens this conversation with, as `subject`.

        It is the `key` of a client whose only conversation is this one.
        """
        wanted = CreateToken(
            subject=subject, room=room, permissions=list(permissions), expires_in_s=expires_in_s
        )
        return await self._routes.create_token(self.id, wanted)

    async def revoke_tokens(self) -> None:
        """All that were made up to now."""
        await self._routes.revoke_tokens(self.id)

    async def correct(
        self, message_id: str, content: str, *, metadata: Mapping[str, JsonValue] | None = None
    ) -> Message:
        """What the message should have said. Without `metadata` it keeps what it has."""
        return await self._routes.correct_message(self.id, message_id, content, metadata=metadata)

    async def changes(self, *, after: int = 0) -> AsyncIterator[Change]:
        """What was erased and corrected after the revision `after`, page by page."""
        while True:
            page = await self._routes.get_changes(self.id, after=after, limit=MAX_CHANGES)
            for change in page.changes:
                yield change
            if not page.more:
                return
            after = page.changes[-1].revision

    async def erase_message(self, message_id: str, *, dry_run: bool = False) -> ErasureReceipt:
        """For good: sent again under its id, it is refused. Needs the scope operator or admin."""
        return await self._routes.erase_message(self.id, message_id, dry_run=dry_run)

    async def erase_participant(self, identity: str, *, dry_run: bool = False) -> ErasureReceipt:
        """What they said here up to now. While the receipt is not `complete`, call again."""
        return await self._routes.erase_participant(
            identity, conversation_id=self.id, dry_run=dry_run
        )

    async def erase(self, *, dry_run: bool = False) -> ErasureReceipt:
        """The whole conversation. While the receipt is not `complete`, call again."""
        return await self._routes.erase_conversation(self.id, dry_run=dry_run)
