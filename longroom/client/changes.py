"""Routes that change what is stored, and the one that tells what was changed."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue

from longroom.client.addresses import segment
from longroom.client.connection import Connection
from retrieval.wire import (
    MAX_CHANGES,
    Changes,
    CorrectMessage,
    ErasureReceipt,
    Message,
    MessageEdit,
    MessageEdits,
)

ERASE_S = 40.0
"""A backend erases for some seconds in one request, and answers within its own time limit."""


class ChangeRoutes(Connection):
    async def get_changes(
        self, conversation_id: UUID, *, after: int, limit: int = MAX_CHANGES
    ) -> Changes:
        """What was erased and corrected after that revision, oldest first."""
        path = f"/conversations/{conversation_id}/changes?after={after}&limit={limit}"
        return await self._ask("GET", path, None, Changes)

    async def correct_message(
        self,
        conversation_id: UUID,
        message_id: str,
        content: str,
        *,
        metadata: Mapping[str, JsonValue] | None = None,
    ) -> Message:
        """Without `metadata` it keeps what it has."""
        body = CorrectMessage(content=content, metadata=None if metadata is None else {**metadata})
        path = f"/conversations/{conversation_id}/messages/{segment(message_id)}"
        return await self._ask("PATCH", path, body, Message)

    async def message_edits(self, conversation_id: UUID, message_id: str) -> list[MessageEdit]:
        """Earlier versions of a corrected message, oldest first, if the backend keeps them."""
        path = f"/conversations/{conversation_id}/messages/{segment(message_id)}/edits"
        return (await self._ask("GET", path, None, MessageEdits)).edits

    async def erase_message(
        self, conversation_id: UUID, message_id: str, *, dry_run: bool = False
    ) -> ErasureReceipt:
        """While the receipt is not `complete`, call again: here and in the other erasures."""
        path = f"/conversations/{conversation_id}/messages/{segment(message_id)}"
        return await self._erase(path, dry_run=dry_run)

    async def erase_participant(
        self, identity: str, *, conversation_id: UUID | None = None, dry_run: bool = False
    ) -> ErasureReceipt:
        """What they said up to now; without a conversation, in all of them."""
        within = "" if conversation_id is None else f"/conversations/{conversation_id}"
        return await self._erase(f"{within}/participants/{segment(identity)}", dry_run=dry_run)

    async def erase_conversation(
        self, conversation_id: UUID, *, dry_run: bool = False
    ) -> ErasureReceipt:
        return await self._erase(f"/conversations/{conversation_id}", dry_run=dry_run)

    async def _erase(self, path: str, *, dry_run: bool) -> ErasureReceipt:
        query = "?dry_run=true" if dry_run else ""
        return await self._ask("DELETE", path + query, None, ErasureReceipt, timeout_s=ERASE_S)
