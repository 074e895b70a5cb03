"""The planner's statistics of tables that became empty: analysing these would leave the old ones.

They are analysed with a row that says nothing, and that no other transaction ever sees.
"""

from typing import TYPE_CHECKING, Final, LiteralString

from retrieval.database.connection import transaction

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

IS_EMPTY: Final[LiteralString] = "select not exists (select from {table})"
ANALYZE: Final[LiteralString] = "analyze {table}"

CONVERSATION = """
insert into conversation (conversation_id, room, key, language)
values (gen_random_uuid(), '', '', 'simple')
returning conversation_id
"""

MODEL = """
select min(model_id) from embedding_model
"""

ROWS: Final[dict[LiteralString, LiteralString]] = {
    "room": "insert into room (name, conversation_id) values ('', $1)",
    "conversation_key": "insert into conversation_key (key, conversation_id) values ('', $1)",
    "message": """
        insert into message (conversation_id, seq, message_id, role, participant, content,
                             created_at, word_count, room, original_sha256)
        values ($1, 0, '', 'user', '', '', now(), 0, '', '')""",
    "message_term": """
        insert into message_term (conversation_id, lexeme, seq, passage, occurrences, passage_words)
        values ($1, '', 0, 0, 0, 0)""",
    "vocabulary": "insert into vocabulary (conversation_id, word) values ($1, '')",
    "message_metadata": """
        insert into message_metadata (conversation_id, entry, seq) values ($1, $1, 0)""",
    "message_edit": """
        insert into message_edit (conversation_id, seq, replaced_at, content, metadata)
        values ($1, 0, now(), '', '{}')""",
    "evidence": """
        insert into evidence (conversation_id, evidence_id, typed, asker, message_ids, marked_at)
        values ($1, $1, '', '', '{}', now())""",
    "turn_trace": """
        insert into turn_trace (conversation_id, question_id, asked_at, ended_at, participant,
                                outcome, source, figures, recall, mentions)
        values ($1, '', now(), now(), '', '', '', '{}', '{}', '{}')""",
    "participant_name": """
        insert into participant_name (conversation_id, name, identity) values ($1, '', '')""",
    "conversation_event": """
        insert into conversation_event (conversation_id, event_id, kind, participant, created_at,
                                        data)
        values ($1, '', 'metric', '', now(), '{}')""",
    "session": """
        insert into session (conversation_id, session_id, agent_identity, started_at, message_count,
                             participants, usage, close_reason)
        values ($1, '', '', now(), 0, '{}', '{}', '')""",
    "room_epoch": """
        insert into room_epoch (conversation_id, room, agent_identity, agent_session)
        values ($1, '', '', '')""",
}

ROWS_OF_MODEL: Final[dict[LiteralString, LiteralString]] = {
    "message_embedding": """
        insert into message_embedding (conversation_id, model_id, smoothed, seq, passage,
                                       participant, role, created_at, embedding)
        values ($1, $2, false, 0, 0, '', 'user', now(), '[0]')""",
    "message_code": """
        insert into message_code (conversation_id, model_id, seq, passage, participant, role,
                                  created_at, code)
        values ($1, $2, 0, 0, '', 'user', now(), b'0')""",
    "embedding_job": """
        insert into embedding_job (conversation_id, model_id, seq, failure)
        values ($1, $2, 0, '')""",
}

DELETE: Final[tuple[LiteralString, ...]] = (
    "delete from conversation where conversation_id = $1",
    "delete from room where conversation_id = $1",
    "delete from conversation_key where conversation_id = $1",
)


async def forget_statistics(connection: "Connection", tables: tuple[LiteralString, ...]) -> None:
    """Of those that are empty, of the ones above."""
    empty = [
        table for table in tables if await connection.fetchval(IS_EMPTY.replace("{table}", table))
    ]
    if not empty:
        return
    async with transaction(connection):
        conversation_id = await connection.fetchval(CONVERSATION)
        model_id = await connection.fetchval(MODEL)
        for table in empty:
            if table in ROWS:
                await connection.execute(ROWS[table], conversation_id)
            elif table in ROWS_OF_MODEL and model_id is not None:
                await connection.execute(ROWS_OF_MODEL[table], conversation_id, model_id)
            await connection.execute(ANALYZE.replace("{table}", table))
        for statement in DELETE:
            await connection.execute(statement, conversation_id)
