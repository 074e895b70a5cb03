"""A database that refuses changes which those who keep conversations in memory are not told of."""

import asyncpg

GUARD = """
create table announced (transaction bigint not null, conversation_id uuid not null);

create function announce() returns trigger language plpgsql as $$
begin
    insert into announced values (txid_current(), new.conversation_id);
    return null;
end $$;

create trigger announced after update on conversation for each row
  when ((old.revision, old.vectors_version, old.erased)
        is distinct from (new.revision, new.vectors_version, new.erased))
  execute function announce();

-- Looked at when the transaction ends: it may announce afterwards what it does.
create function be_announced() returns trigger language plpgsql as $$
begin
    if exists (select from announced
                where transaction = txid_current() and conversation_id = old.conversation_id)
       or exists (select from reindexed_part where conversation_id = old.conversation_id)
       or not exists (select from conversation
                       where conversation_id = old.conversation_id and not erased) then
        return null;
    end if;
    raise exception 'a % of % was not announced', lower(tg_op), tg_table_name;
end $$;

create function be_new() returns trigger language plpgsql as $$
begin
    if exists (select from announced
                where transaction = txid_current() and conversation_id = new.conversation_id)
       or new.seq > (select last_seq - 64 from conversation
                      where conversation_id = new.conversation_id) then
        return null;
    end if;
    raise exception 'an embedding of message % was not announced', new.seq;
end $$;

create constraint trigger be_announced after update or delete on message
  deferrable initially deferred for each row execute function be_announced();
create constraint trigger be_announced after update or delete on message_term
  deferrable initially deferred for each row execute function be_announced();
create constraint trigger be_announced after update or delete on vocabulary
  deferrable initially deferred for each row execute function be_announced();
create constraint trigger be_announced after update or delete on message_embedding
  deferrable initially deferred for each row execute function be_announced();
create constraint trigger be_new after insert on message_embedding
  deferrable initially deferred for each row execute function be_new();

grant select, insert on announced to longroom_app, longroom_background;
"""


async def guard(db: asyncpg.Pool) -> None:
    await db.execute(GUARD)
