"""Everything that retrieval refuses, in one tree.

RetrievalError
├─ ConversationNotFound      no such conversation
├─ MessageConflict           a message id is taken by other content
├─ LanguageUnknown           the database has no text search for this language
├─ EmbeddingError
│  ├─ EmbeddingUnavailable   the embedder cannot answer now; trying again may help
│  ├─ EmbeddingRejected      the embedder refuses this text; trying again will not help
│  └─ ModelMismatch          the model's name, dimension or weights are not what was agreed
└─ DatabaseUnfit             the process must not start on this database
   ├─ DatabaseUnreachable    nobody answers, or it refuses us
   ├─ ExtensionMissing       pgvector is absent or too old
   ├─ SchemaMismatch         migrations are missing, changed or newer than this program
   └─ MigrationFailed        PostgreSQL refused a statement of a migration
"""

from uuid import UUID


class RetrievalError(Exception):
    """The root of this tree."""


class ConversationNotFound(RetrievalError):
    """There is no conversation of this id."""

    def __init__(self, conversation_id: UUID) -> None:
        super().__init__(f"conversation {conversation_id} does not exist; create its room first")
        self.conversation_id = conversation_id


class MessageConflict(RetrievalError):
    """Message ids of the batch are taken by messages with other content; nothing was stored."""

    def __init__(self, message_ids: list[str]) -> None:
        super().__init__(
            "message ids are already taken by other content: " + ", ".join(message_ids)
        )
        self.message_ids = message_ids


class LanguageUnknown(RetrievalError):
    """The database has no text search configuration of this name."""

    def __init__(self, language: str) -> None:
        super().__init__(f"language {language!r} is not known to this database; simple always is")
        self.language = language


class EmbeddingError(RetrievalError):
    """No embedding could be made."""


class EmbeddingUnavailable(EmbeddingError):
    """The embedder cannot answer now; trying again may help."""


class EmbeddingRejected(EmbeddingError):
    """The embedder refuses this text; trying again will not help."""


class ModelMismatch(EmbeddingError):
    """The model's name, dimension or weights are not what was agreed."""


class DatabaseUnfit(RetrievalError):
    """The process must not start on this database; the message says how to mend it."""


class DatabaseUnreachable(DatabaseUnfit):
    """Nobody answers at the database's address, or it refuses us."""


class ExtensionMissing(DatabaseUnfit):
    """pgvector is absent or too old."""


class SchemaMismatch(DatabaseUnfit):
    """Migrations are missing, were changed after they ran, or are newer than this program."""


class MigrationFailed(DatabaseUnfit):
    """PostgreSQL refused a statement of a migration; it and those after it were not applied."""
