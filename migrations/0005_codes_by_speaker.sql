-- What one of a large conversation's many speakers said is a small part of it: no need to read the codes of all.

create index message_code_speaker
    on message_code (conversation_id, model_id, participant, seq, passage)
    include (role, created_at, code);
