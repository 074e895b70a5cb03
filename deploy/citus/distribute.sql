-- Shards a migrated, still empty Longroom database by conversation. Run it once, on the coordinator:
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f deploy/citus/distribute.sql
-- Programs and their SQL stay the same; later migrations reach all shards by themselves.

set search_path = longroom, public, extensions;

-- The coordinator reaches the workers as the role that a statement runs as.
alter role longroom_app login;
alter role longroom_background login;

-- Citus refuses to distribute a table that a local one refers to: the foreign keys step aside.
alter table message drop constraint message_conversation_id_fkey;
alter table participant_name drop constraint participant_name_conversation_id_fkey;
alter table message_metadata drop constraint message_metadata_conversation_id_fkey;
alter table message_term drop constraint message_term_conversation_id_fkey;
alter table vocabulary drop constraint vocabulary_conversation_id_fkey;
alter table reindexed_part drop constraint reindexed_part_conversation_id_fkey;
alter table message_embedding drop constraint message_embedding_conversation_id_fkey;
alter table message_code drop constraint message_code_conversation_id_fkey;
alter table prepared_part drop constraint prepared_part_conversation_id_fkey;
alter table embedding_job drop constraint embedding_job_conversation_id_fkey;
alter table conversation_event drop constraint conversation_event_conversation_id_fkey;
alter table session drop constraint session_conversation_id_fkey;
alter table room_epoch drop constraint room_epoch_conversation_id_fkey;
alter table erased_message drop constraint erased_message_conversation_id_fkey;
alter table erased_participant drop constraint erased_participant_conversation_id_fkey;
alter table message_edit drop constraint message_edit_conversation_id_fkey;
alter table evidence drop constraint evidence_conversation_id_fkey;
alter table turn_trace drop constraint turn_trace_conversation_id_fkey;

select create_reference_table('embedding_model');
select create_reference_table('erased_everywhere');
select create_distributed_table('room', 'name', colocate_with => 'none');
select create_distributed_table('conversation_key', 'key', colocate_with => 'none');
select create_distributed_table('conversation', 'conversation_id', colocate_with => 'none');
select create_distributed_table('message', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('participant_name', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('message_metadata', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('message_term', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('vocabulary', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('reindexed_part', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('message_embedding', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('message_code', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('prepared_part', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('embedding_job', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('conversation_event', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('session', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('room_epoch', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('erased_message', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('erased_participant', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('erased_conversation', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('erasure', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('message_edit', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('evidence', 'conversation_id', colocate_with => 'conversation');
select create_distributed_table('turn_trace', 'conversation_id', colocate_with => 'conversation');

alter table message add constraint message_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table participant_name add constraint participant_name_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table message_metadata add constraint message_metadata_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table message_term add constraint message_term_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table vocabulary add constraint vocabulary_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table reindexed_part add constraint reindexed_part_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table message_embedding add constraint message_embedding_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table message_code add constraint message_code_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table prepared_part add constraint prepared_part_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table embedding_job add constraint embedding_job_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table conversation_event add constraint conversation_event_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table session add constraint session_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table room_epoch add constraint room_epoch_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table erased_message add constraint erased_message_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table erased_participant add constraint erased_participant_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table message_edit add constraint message_edit_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table evidence add constraint evidence_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
alter table turn_trace add constraint turn_trace_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;
