-- What was erased, remembered without any of it: ids and identities as hashes (retrieval/wire/changes.py), so that
-- no outbox, import or restored backup brings it back. New columns with constant defaults: no table is rewritten.

alter table conversation
    add column revision bigint not null default 0,       -- raised by each erasure and correction
    add column erased   boolean not null default false;  -- its erasure is under way: nobody sees it any more

create table erased_message (
    conversation_id uuid not null,
    id_sha256       text not null,
    seq             bigint not null,
    erased_at       timestamptz not null,
    revision        bigint,                              -- null: its participant's erasure tells it
    primary key (conversation_id, id_sha256)
);

create index erased_message_revision on erased_message (conversation_id, revision) where revision is not null;

create table erased_participant (
    conversation_id uuid not null,
    identity_sha256 text not null,
    before          timestamptz not null,                -- what they said up to then
    revision        bigint not null,
    primary key (conversation_id, identity_sha256)
);

-- These outlive the conversation.
create table erased_conversation (
    conversation_id uuid primary key,
    erased_at       timestamptz not null
);

-- A participant erased in all conversations, whichever they are; the hash is that of no conversation.
create table erased_everywhere (
    identity_sha256 text primary key,
    erasure_id      uuid not null,                       -- the last
    before          timestamptz not null,
    completed_at    timestamptz
);

-- The ledger: what was asked for, and how far it is.
create table erasure (
    conversation_id uuid not null,
    erasure_id      uuid not null,                       -- of all conversations, if a participant is erased in each
    kind            text not null check (kind in ('message', 'participant', 'conversation')),
    target_sha256   text not null,                       -- of a message's id or an identity; '' for a conversation
    erased_at       timestamptz not null,
    last_seq        bigint not null,                     -- the conversation's when it began
    completed_at    timestamptz,
    removed         jsonb not null default '{}',         -- rows by table
    primary key (conversation_id, erasure_id, kind, target_sha256)
);

-- Where Citus has sharded the conversations, these stand beside them.
do $$
declare
    sharded text;
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    if not exists (select from pg_dist_partition where logicalrelid = 'conversation'::regclass) then
        return;
    end if;
    foreach sharded in array array['erased_message', 'erased_participant', 'erased_conversation', 'erasure'] loop
        perform create_distributed_table(sharded, 'conversation_id', colocate_with => 'conversation');
    end loop;
    perform create_reference_table('erased_everywhere');
end $$;

alter table erased_message add constraint erased_message_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table erased_participant add constraint erased_participant_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;

-- Requests ask what was erased; erasing is the background's, since requests delete no message.
select longroom.wall('erased_message', 'select');
select longroom.wall('erased_participant', 'select');
select longroom.wall('erased_conversation', 'select');
select longroom.wall('erasure', 'select');
grant select on erased_everywhere to longroom_app;
grant select, insert, update, delete on erased_everywhere to longroom_background;
