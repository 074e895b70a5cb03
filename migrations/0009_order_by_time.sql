-- no-transaction
-- What was said when decides what is near a message, whichever arrived first: an index in that order, and what an
-- append must know to see whether a message arrives late. Nobody waits while the messages are read. Each statement
-- may be run again.

drop index if exists message_by_time;                    -- of a migration that broke off
create index concurrently message_by_time on message (conversation_id, created_at, seq);

alter table conversation
    add column if not exists newest_at  timestamptz,     -- of the message said last; null without messages
    add column if not exists newest_seq bigint not null default 0,
    add column if not exists in_order   boolean not null default true;  -- arrived as it was said

update conversation
   set newest_at = newest.created_at, newest_seq = newest.seq
  from (select distinct on (conversation_id) conversation_id, created_at, seq
          from message
         order by conversation_id, created_at desc, seq desc) newest
 where newest.conversation_id = conversation.conversation_id;

update conversation
   set in_order = false
  from (select conversation_id,
               created_at < lag(created_at) over (partition by conversation_id order by seq) as late
          from message) arrived
 where arrived.conversation_id = conversation.conversation_id and late;

-- Their context vectors were mixed with neighbours by arrival. A message that another one precedes than its seq says
-- is embedded once more, which makes those around it anew.
insert into embedding_job (conversation_id, model_id, seq)
select said.conversation_id, model_id, said.seq
  from (select conversation_id, seq,
               lag(seq) over (partition by conversation_id order by created_at, seq) as previous
          from message
         where conversation_id = any(array(select conversation_id from conversation where not in_order))) said
 cross join embedding_model
 where state in ('filling', 'active') and previous is distinct from seq - 1
on conflict do nothing;
