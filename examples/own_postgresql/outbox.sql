-- What feed.py has still to tell Longroom about your messages: which one, not what it says.
-- Put your own names and types in place of support_message, customer and id.

create table longroom_outbox (
    position     bigint generated always as identity primary key,
    conversation text not null,
    message_id   bigint not null,               -- of the type of your ids
    edited       boolean not null default false,
    refused      text                           -- why Longroom will never take it; feed.py skips it
);

-- With the rights of its owner: your application needs none on the outbox.
create function longroom_note() returns trigger language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    moved constant boolean := tg_op = 'UPDATE' and old.customer is distinct from new.customer;
begin
    if tg_op = 'DELETE' or moved then           -- feed.py finds no such message there, and erases it
        insert into longroom_outbox (conversation, message_id) values (old.customer, old.id);
    end if;
    if tg_op = 'INSERT' or moved then
        insert into longroom_outbox (conversation, message_id) values (new.customer, new.id);
    elsif tg_op = 'UPDATE' then
        insert into longroom_outbox (conversation, message_id, edited) values (new.customer, new.id, true);
    end if;
    return null;
end $$;

create trigger longroom_note after insert or update or delete on support_message
    for each row execute function longroom_note();
