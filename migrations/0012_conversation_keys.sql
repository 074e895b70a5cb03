-- no-transaction
-- Conversations under a key of the caller's choice (a customer, a ticket), which several rooms share, in turn or at
-- once. Keys are a namespace of their own, beside the names of rooms. New columns without defaults: no table is
-- rewritten. Each statement may be run again.

-- A table of its own: a sharded `conversation` could not keep keys unique.
create table if not exists conversation_key (
    key             text primary key,
    conversation_id uuid not null,
    created_at      timestamptz not null default now()
);

alter table conversation
    add column if not exists key text,                   -- null: it belongs to the room that it is named after
    alter column room drop not null;                     -- null: it belongs to a key

alter table message
    add column if not exists room text;                  -- in which of the rooms that share the conversation; null: not told

-- Which agent has which of the rooms that share a conversation. That of a conversation's own room stands in the
-- conversation's row, which each append reads and writes anyway.
create table if not exists room_epoch (
    conversation_id uuid not null,
    room            text not null,
    agent_epoch     bigint not null default 0,           -- of the agent that joined last
    agent_identity  text,                                -- that agent, which keeps its epoch when it joins again
    agent_session   text,
    written_epoch   bigint not null default 0,           -- the latest with a message
    primary key (conversation_id, room)
);

-- Where Citus has sharded the rooms, keys and epochs are sharded, too.
do $$
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    if not exists (select from pg_dist_partition where logicalrelid = 'conversation'::regclass) then
        return;
    end if;
    if not exists (select from pg_dist_partition where logicalrelid = 'conversation_key'::regclass) then
        perform create_distributed_table('conversation_key', 'key', colocate_with => 'none');
    end if;
    if not exists (select from pg_dist_partition where logicalrelid = 'room_epoch'::regclass) then
        perform create_distributed_table('room_epoch', 'conversation_id', colocate_with => 'conversation');
    end if;
end $$;

alter table room_epoch drop constraint if exists room_epoch_conversation_id_fkey;
alter table room_epoch add constraint room_epoch_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
