-- The history itself: rooms, their conversations, and messages numbered without gaps.
-- Every table but `room` carries conversation_id in its key, so that all of it can be sharded by it later.

create extension if not exists vector;

-- A table of its own: a sharded `conversation` could not keep room names unique.
create table room (
    name            text primary key,
    conversation_id uuid not null,
    created_at      timestamptz not null default now()
);

create table conversation (
    conversation_id uuid primary key,
    room            text not null,
    language        text not null default 'english',  -- text search configuration of its messages
    created_at      timestamptz not null default now(),
    last_seq        bigint not null default 0,         -- also the number of messages ever stored
    message_count   bigint not null default 0,
    passage_count   bigint not null default 0,         -- passages and words give BM25 its average length
    word_count      bigint not null default 0
);

create table message (
    conversation_id uuid not null references conversation on delete cascade,
    seq             bigint not null,
    message_id      text not null,                     -- the sender's idempotency key
    role            text not null check (role in ('user', 'assistant')),
    participant     text not null,
    content         text not null,
    created_at      timestamptz not null,
    interrupted     boolean not null default false,
    traits          smallint not null default 0,       -- bits of retrieval/traits.py
    word_count      integer not null,                  -- white-space separated words, all passages
    stored_at       timestamptz not null default now(),
    primary key (conversation_id, seq),
    unique (conversation_id, message_id)
);

-- Who speaks in a conversation, under every name a question may use for them.
create table participant_name (
    conversation_id uuid not null references conversation on delete cascade,
    name            text not null,                     -- lower case: the identity, and each word of it
    identity        text not null,
    primary key (conversation_id, name, identity)
);

create table conversation_event (
    conversation_id uuid not null references conversation on delete cascade,
    event_id        text not null,
    kind            text not null check (kind in ('transcription', 'speech', 'error', 'action', 'metric')),
    participant     text,
    created_at      timestamptz not null,
    data            jsonb not null,
    primary key (conversation_id, event_id)
);

create table session (
    conversation_id uuid not null references conversation on delete cascade,
    session_id      text not null,
    agent_identity  text not null,
    started_at      timestamptz not null,
    ended_at        timestamptz,
    message_count   bigint not null,
    participants    text[] not null,
    usage           jsonb not null,
    close_reason    text,
    updated_at      timestamptz not null default now(),
    primary key (conversation_id, session_id)
);
