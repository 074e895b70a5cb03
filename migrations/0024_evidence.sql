-- Questions that an operator has marked with the messages that answer them: a file of them measures the search
-- (`longroom evaluate`). No second copy of a text: a question that was said is its message's id. Only one that was
-- typed into the inspector's search box stands here as text.

create table evidence (
    conversation_id uuid not null,
    evidence_id     uuid not null,                       -- follows from the question: marked again, it is replaced
    question_id     text,                                -- of the message that asks
    typed           text,
    asker           text,                                -- of a typed one: whom "I" means
    message_ids     text[] not null,                     -- that answer it; none: nothing does
    marked_at       timestamptz not null,
    primary key (conversation_id, evidence_id),
    check ((question_id is null) <> (typed is null))
);

-- Where Citus has sharded the conversations, it stands beside them.
do $$
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    if exists (select from pg_dist_partition where logicalrelid = 'conversation'::regclass) then
        perform create_distributed_table('evidence', 'conversation_id', colocate_with => 'conversation');
    end if;
end $$;

alter table evidence add constraint evidence_conversation_id_fkey
    foreign key (conversation_id) references conversation on delete cascade;

select longroom.wall('evidence', 'select, insert, update, delete');
