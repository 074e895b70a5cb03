-- no-transaction
-- Metadata of messages, and the roles system and tool. No lock is held while a table is read: the new
-- column is a default in the catalogue, and the wider check holds for every row that the old one allowed.
-- Each statement may be run again.

alter table message add column if not exists metadata jsonb not null default '{}';

alter table message drop constraint if exists message_role_check,
                    drop constraint if exists message_role_known;
alter table message add constraint message_role_known
    check (role in ('user', 'assistant', 'system', 'tool')) not valid;
alter table message validate constraint message_role_known;

-- Which messages have a key with a value: an index of metadata inside one conversation, as a table.
create table if not exists message_metadata (
    conversation_id uuid not null,
    entry           uuid not null,                     -- a hash of the key and its value
    seq             bigint not null,
    primary key (conversation_id, entry, seq)
) with (autovacuum_vacuum_insert_threshold = 5000, autovacuum_vacuum_insert_scale_factor = 0.02);

-- Where Citus has sharded the messages, their metadata stand beside them.
do $$
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    if exists (select from pg_dist_partition where logicalrelid = 'message'::regclass)
       and not exists (select from pg_dist_partition where logicalrelid = 'message_metadata'::regclass) then
        perform create_distributed_table('message_metadata', 'conversation_id', colocate_with => 'conversation');
    end if;
end $$;

alter table message_metadata drop constraint if exists message_metadata_conversation_id_fkey;
alter table message_metadata add constraint message_metadata_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
