-- A second wall behind the programs' own: each row of a conversation is shown to a request only in a transaction that
-- has named this conversation. Two roles, of which every connection takes one: longroom_app answers requests,
-- longroom_background works over all conversations. Neither owns a table. (decision 38)

do $$
declare
    wanted text;
    inherits constant text := case when current_setting('server_version_num')::integer >= 160000
                                   then ' with inherit true, set true' else '' end;
begin
    foreach wanted in array array['longroom_app', 'longroom_background'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception when duplicate_object or unique_violation then
                null;                                  -- made meanwhile, for another database of this server
            end;
        end if;
        if exists (select from pg_roles where rolname = wanted and (rolsuper or rolbypassrls)) then
            raise exception 'the role % is a superuser or bypasses row-level security;'
                ' run: alter role % nosuperuser nobypassrls', wanted, wanted;
        end if;
        -- The owner fills tables in later migrations, and the forced policies hold for it, too.
        if not pg_has_role(current_user, wanted, 'usage') then
            execute format('grant %I to %I', wanted, current_user) || inherits;
        end if;
    end loop;
exception when insufficient_privilege then
    raise exception 'this user may make no roles; migrate again after an administrator of the server has run:'
        ' create role longroom_app nologin; create role longroom_background nologin;'
        ' grant longroom_app, longroom_background to %', quote_ident(current_user);
end $$;

-- The one way in which a table of conversations gets its policies, here and in later migrations:
--     select longroom.wall('some_table', 'select, insert');
-- with the rights that requests need on it. It may be called again with other rights.
create function longroom.wall(walled regclass, rights text) returns void language plpgsql as $$
begin
    execute format('alter table %s enable row level security', walled);
    execute format('alter table %s force row level security', walled);
    execute format('drop policy if exists longroom_app on %s', walled);
    execute format('drop policy if exists longroom_background on %s', walled);
    execute format(
        'create policy longroom_app on %s to longroom_app'
        ' using (conversation_id = nullif(current_setting(''longroom.conversation'', true), '''')::uuid)'
        ' with check (conversation_id = nullif(current_setting(''longroom.conversation'', true), '''')::uuid)',
        walled);
    execute format('create policy longroom_background on %s to longroom_background using (true) with check (true)',
                   walled);
    execute format('revoke all on %s from longroom_app', walled);
    execute format('grant %s on %s to longroom_app', rights, walled);
    execute format('grant select, insert, update, delete on %s to longroom_background', walled);
    if current_setting('server_version_num')::integer >= 170000 then  -- vacuum after erasures
        execute format('grant maintain on %s to longroom_background', walled);
    end if;
end $$;

revoke execute on function longroom.wall(regclass, text) from public;

select longroom.wall('conversation', 'select, insert, update');
select longroom.wall('message', 'select, insert');
select longroom.wall('participant_name', 'select, insert');
select longroom.wall('conversation_event', 'select, insert');
select longroom.wall('session', 'select, insert, update');
select longroom.wall('message_term', 'select, insert, update');
select longroom.wall('message_metadata', 'select, insert');
select longroom.wall('vocabulary', 'select, insert');
select longroom.wall('reindexed_part', 'select');
select longroom.wall('message_embedding', 'select');
select longroom.wall('message_code', 'select');
select longroom.wall('prepared_part', 'select');
select longroom.wall('embedding_job', 'select, insert');
select longroom.wall('room_epoch', 'select, insert, update');
select longroom.wall('room', 'select, insert, update');
select longroom.wall('conversation_key', 'select, insert');

-- A room and a key are found by their names, before their conversation is known; written only with both.
drop policy longroom_app on room;
create policy longroom_app on room to longroom_app
    using (name = current_setting('longroom.room', true)
           or conversation_id = nullif(current_setting('longroom.conversation', true), '')::uuid)
    with check (name = current_setting('longroom.room', true)
                and conversation_id = nullif(current_setting('longroom.conversation', true), '')::uuid);

drop policy longroom_app on conversation_key;
create policy longroom_app on conversation_key to longroom_app
    using (key = current_setting('longroom.key', true)
           or conversation_id = nullif(current_setting('longroom.conversation', true), '')::uuid)
    with check (key = current_setting('longroom.key', true)
                and conversation_id = nullif(current_setting('longroom.conversation', true), '')::uuid);

-- What belongs to no conversation.
grant select on schema_migrations, embedding_model to longroom_app;
grant select, insert, update on agent_worker to longroom_app;
grant select on schema_migrations, api_key to longroom_background;
grant select, insert, update, delete on embedding_model, agent_worker, agent_watch to longroom_background;

-- Behind a policy an index serves only what PostgreSQL knows to tell nothing of other rows: a comparison of columns,
-- not of what a function makes of them. The table, a row per different word of a conversation, is written once anew.
drop index vocabulary_endings;
alter table vocabulary add column reversed text collate "C" generated always as (reverse(word)) stored;
create index vocabulary_endings on vocabulary (conversation_id, reversed);

-- The schema of these tables, and that of pgvector, where it is closed to others.
do $$
declare
    needed text;
    taker text;
begin
    for needed in
        select current_schema()
        union select nspname
                from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
               where extname = 'vector'
    loop
        foreach taker in array array['longroom_app', 'longroom_background'] loop
            if not has_schema_privilege(taker, needed, 'usage') then
                execute format('grant usage on schema %I to %I', needed, taker);
            end if;
        end loop;
    end loop;
end $$;
