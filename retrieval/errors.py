"""All errors of retrieval.

RetrievalError
├─ ConversationNotFound      no such conversation
├─ MessageNotFound           the conversation has no such message
├─ TurnNotFound              the conversation has no trace of such a turn
├─ MessagesErased            a batch has messages that were erased
├─ MessageConflict           a message id is taken by other content
├─ StaleEpoch                another agent has joined the room since
├─ RoomMoved                 the room has been given another conversation since
├─ KeyRefused                a key of that name cannot be made now
├─ LanguageUnknown           the database has no text search for this language
├─ EmbeddingError
│  ├─ EmbeddingUnavailable   the embedder cannot answer now; a retry may help
│  ├─ EmbeddingRejected      the embedder refuses this text; a retry will not help
│  └─ ModelMismatch          wrong name, dimension or weights of the model
└─ DatabaseUnfit             the process must not start on this database
   ├─ DatabaseUnreachable    no connection
   ├─ ExtensionMissing       pgvector is absent or too old
   ├─ SchemaMismatch         migrations are missing, changed or newer than this program
   ├─ RoleRefused            the login may not do what the program has to
   └─ MigrationFailed        PostgreSQL refused a statement of a migration
"""

from uuid import UUID


class RetrievalError(Exception):
    pass


class ConversationNotFound(RetrievalError):
    def __init__(self, conversation_id: UUID) -> None:
        super().__init__(f"conversation {conversation_id} does not exist; create its room first")
        self.conversation_id = conversation_id


class MessageNotFound(RetrievalError):
    def __init__(self) -> None:
        super().__init__("the conversation has no message of that id")


class TurnNotFound(RetrievalError):
    def __init__(self) -> None:
        super().__init__("the conversation has no trace of a turn with a question of that id")


class MessagesErased(RetrievalError):
    """Nothing of the batch was stored; without these it can be."""

    def __init__(self, message_ids: list[str]) -> None:
        super().__init__(f"{len(message_ids)} messages were erased, or their participants")
        self.message_ids = message_ids


class MessageConflict(RetrievalError):
    """Nothing of the batch was stored."""

    def __init__(self, message_ids: list[str]) -> None:
        super().__init__(f"{len(message_ids)} message ids are already taken by other content")
        self.message_ids = message_ids


class StaleEpoch(RetrievalError):
    """Nothing of the batch was stored."""

    def __init__(self, epoch: int, present: int) -> None:
        super().__init__(
            f"another agent has this room (epoch {present}, not {epoch}); join it again if you are "
            "its agent, or send what you have accepted without an epoch of the batch"
        )


class RoomMoved(RetrievalError):
    """The agent was asked for when the room had another conversation."""

    def __init__(self) -> None:
        super().__init__(
            "the room has been given another conversation since this agent was asked for; an agent "
            "of that one is on its way"
        )


class LanguageUnknown(RetrievalError):
    def __init__(self, language: str) -> None:
        super().__init__(f"language {language!r} is not known to this database; simple always is")
        self.language = language


class KeyRefused(RetrievalError):
    """Its text says what to do first."""


class EmbeddingError(RetrievalError):
    pass


class EmbeddingUnavailable(EmbeddingError):
    pass


class EmbeddingRejected(EmbeddingError):
    pass


class ModelMismatch(EmbeddingError):
    pass


class DatabaseUnfit(RetrievalError):
    """The message says what is wrong, and what to do about it: the `mend`, where it is known."""

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(f"{what}; {mend}" if mend else what)
        self.what = what
        self.mend = mend


class DatabaseUnreachable(DatabaseUnfit):
    pass


class ExtensionMissing(DatabaseUnfit):
    pass


class SchemaMismatch(DatabaseUnfit):
    pass


class RoleRefused(DatabaseUnfit):
    """The login lacks a right."""


class MigrationFailed(DatabaseUnfit):
    """Neither the failed migration nor those after it were applied."""
