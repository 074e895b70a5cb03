-- What each turn recalled and how it ended, in ids and figures: no second copy of what was said.

create table turn_trace (
    conversation_id uuid not null,
    question_id     text not null,                       -- the message that the turn answers
    asked_at        timestamptz not null,
    ended_at        timestamptz not null,
    epoch           bigint not null default 0,           -- of the agent that answered
    participant     text,                                -- who asked
    outcome         text not null,
    source          text not null,
    degraded        text,
    search_ms       real,
    added_ms        real,
    first_word_ms   real,
    reply_ms        real,
    figures         jsonb not null,                      -- TurnFigures (retrieval/wire/traces.py), with counts
    recall          jsonb not null,                      -- the rest of TurnTrace
    mentions        text[] not null,                     -- ids of the messages in `recall`, by which they are erased
    primary key (conversation_id, question_id)
);

create index turn_trace_by_time on turn_trace (conversation_id, asked_at, question_id);
-- A list of pending entries would be sorted in by one write in some hundreds, with the conversation locked meanwhile.
create index turn_trace_mentions on turn_trace using gin (mentions) with (fastupdate = off);

do $$
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    if exists (select from pg_dist_partition where logicalrelid = 'conversation'::regclass) then
        perform create_distributed_table('turn_trace', 'conversation_id', colocate_with => 'conversation');
    end if;
end $$;

alter table turn_trace add constraint turn_trace_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;

select longroom.wall('turn_trace', 'select, insert, update');
