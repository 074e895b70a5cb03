-- no-transaction
-- Messages that were corrected. Nobody waits while the index is made. Each statement may be run again.

alter table message
    add column if not exists edited_at       timestamptz,  -- null: never corrected
    add column if not exists revision        bigint,       -- the conversation's, by the last correction
    add column if not exists original_sha256 text;         -- of what was sent first: sent again, it is a duplicate

drop index if exists message_corrected;                  -- of a migration that broke off
create index concurrently message_corrected on message (conversation_id, revision) where revision is not null;

-- Earlier versions, where BACKEND_KEEP_EDITS asks for them.
create table if not exists message_edit (
    conversation_id uuid not null,
    seq             bigint not null,
    replaced_at     timestamptz not null,
    content         text not null,
    metadata        jsonb not null,
    primary key (conversation_id, seq, replaced_at)
);

do $$
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    if exists (select from pg_dist_partition where logicalrelid = 'conversation'::regclass)
       and not exists (select from pg_dist_partition where logicalrelid = 'message_edit'::regclass) then
        perform create_distributed_table('message_edit', 'conversation_id', colocate_with => 'conversation');
    end if;
end $$;

alter table message_edit drop constraint if exists message_edit_conversation_id_fkey;
alter table message_edit add constraint message_edit_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;

-- What requests need to correct a message: the words, metadata and vectors of what it said go, and its neighbours'
-- vectors are made anew.
select longroom.wall('message_edit', 'select, insert');
select longroom.wall('message', 'select, insert, update');
select longroom.wall('message_term', 'select, insert, update, delete');
select longroom.wall('vocabulary', 'select, insert, delete');
select longroom.wall('message_metadata', 'select, insert, delete');
select longroom.wall('message_embedding', 'select, insert, delete');
select longroom.wall('message_code', 'select, insert, delete');
select longroom.wall('embedding_job', 'select, insert, delete');
select longroom.wall('reindexed_part', 'select, update');
