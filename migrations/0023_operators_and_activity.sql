-- no-transaction
-- What an operator sees: a scope of keys of their own, and all conversations in the order of their activity. Nobody
-- waits while indexes are made. Each statement may be run again.

alter table api_key drop constraint if exists api_key_scopes_check;
alter table api_key add constraint api_key_scopes_check
    check (cardinality(scopes) > 0 and scopes <@ array['agent', 'search', 'backfill', 'operator', 'admin']);

-- When messages arrived last, behind by a minute at most: an index on what each append changes would make each append
-- write the row and all its index entries anew.
alter table conversation
    add column if not exists active_at timestamptz;

update conversation set active_at = least(coalesce(newest_at, created_at), now()) where active_at is null;

alter table conversation
    alter column active_at set default now();

alter table conversation
    alter column active_at set not null;

drop index if exists conversation_by_activity;           -- of a migration that broke off
create index concurrently conversation_by_activity on conversation (active_at, conversation_id);

drop index if exists room_by_conversation;
create index concurrently room_by_conversation on room (conversation_id, name);

drop index if exists session_by_time;
create index concurrently session_by_time on session (conversation_id, started_at, session_id);
