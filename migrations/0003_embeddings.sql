-- Embeddings stand in a narrow table of their own: next to the text, the vector would be moved out of line
-- (TOAST) and each comparison would cost a lookup. The covering index keeps a conversation's vectors together,
-- so that comparing with all of them is one index-only range scan.

create table embedding_model (
    model_id   smallint primary key,
    name       text not null unique,
    dimension  integer not null check (dimension between 1 and 1280),  -- what fits an index entry
    state      text not null check (state in ('filling', 'active', 'retired')),
    created_at timestamptz not null default now()
);

create table message_embedding (
    conversation_id uuid not null references conversation on delete cascade,
    model_id        smallint not null references embedding_model,
    smoothed        boolean not null,                  -- false: the passage alone; true: with its neighbours mixed in
    seq             bigint not null,
    passage         smallint not null,
    participant     text not null,
    role            text not null,
    created_at      timestamptz not null,
    embedding       halfvec not null
) with (autovacuum_vacuum_insert_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0.005);

alter table message_embedding alter column embedding set storage plain;

create unique index message_embedding_scan
    on message_embedding (conversation_id, model_id, smoothed, seq, passage)
    include (participant, role, created_at, embedding);

-- Messages that wait for their embedding. Claimed inside one conversation with SKIP LOCKED and a lease;
-- a row that failed for good keeps its reason and is no longer claimed.
create table embedding_job (
    conversation_id uuid not null references conversation on delete cascade,
    model_id        smallint not null references embedding_model,
    seq             bigint not null,
    leased_until    timestamptz,
    attempts        smallint not null default 0,
    failure         text,
    primary key (conversation_id, model_id, seq)
);
