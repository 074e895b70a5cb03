-- Conversations too large to compare every embedding: one bit per number is compared first. Codes are written in
-- the background and only for large conversations, so that no other pays for them, and no write waits for them.

create table message_code (
    conversation_id uuid not null references conversation on delete cascade,
    model_id        smallint not null references embedding_model,
    seq             bigint not null,
    passage         smallint not null,
    participant     text not null,
    role            text not null,
    created_at      timestamptz not null,
    code            bit varying not null               -- signs of the smoothed embedding
) with (autovacuum_vacuum_insert_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0.005);

alter table message_code alter column code set storage plain;

create unique index message_code_scan
    on message_code (conversation_id, model_id, seq, passage)
    include (participant, role, created_at, code);

-- How far a large conversation is prepared; what lies beyond is compared exactly.
create table prepared_part (
    conversation_id uuid not null references conversation on delete cascade,
    model_id        smallint not null references embedding_model,
    coded_to        bigint not null default 0,         -- every smoothed embedding up to this seq has its code
    graph_to        bigint not null default 0,         -- every smoothed embedding up to this seq is in the graph
    primary key (conversation_id, model_id)
);
