"""The conversations that an import writes to: the command names one, or the file names them."""

from uuid import UUID

from longroom.client import LongroomClient
from longroom.conversation_name import WHOSE, ConversationName
from longroom.errors import ConfigurationError
from retrieval.wire import ExportedConversation, ImportConversation, ImportedConversation


def needed(name: ConversationName | None) -> ConversationName:
    """Raises ConfigurationError without one."""
    if name is None:
        raise ConfigurationError(WHOSE)
    return name


class ImportTargets:
    """Each is opened, and made if need be, before its first line is stored."""

    def __init__(
        self, client: LongroomClient, name: ConversationName | None, *, language: str | None
    ) -> None:
        self._client = client
        self._name = name
        self._language = language
        self._opened: dict[UUID | None, ImportedConversation] = {}

    @property
    def count(self) -> int:
        return len(self._opened)

    async def open(self, header: ExportedConversation | None) -> ImportedConversation:
        """`header` is how the file names it. Raises ConfigurationError and BackendError."""
        origin = None if header is None else header.conversation_id
        found = self._opened.get(origin)
        if found is None:
            if self._name is not None and self._opened:
                raise ConfigurationError(
                    "the file has several conversations; leave out --room and --conversation"
                )
            found = await (self._named() if header is None else self._exported(header))
            self._opened[origin] = found
        return found

    async def _named(self) -> ImportedConversation:
        found = await needed(self._name).open(self._client, language=self._language)
        return ImportedConversation(conversation_id=found.conversation_id, created=found.created)

    async def _exported(self, header: ExportedConversation) -> ImportedConversation:
        name = self._name or header
        return await self._client.import_conversation(
            ImportConversation(
                conversation_id=header.conversation_id,
                as_copy=self._name is not None,
                room=name.room,
                key=name.key,
                language=self._language or header.language,
                created_at=header.created_at,
            )
        )
