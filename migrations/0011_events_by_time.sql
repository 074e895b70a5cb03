-- no-transaction
-- A joining agent reads how the newest turns ended. Each statement may be run again.

drop index if exists event_by_time;                      -- of a migration that broke off
create index concurrently event_by_time on conversation_event (conversation_id, created_at);
