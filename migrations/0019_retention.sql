-- What retention has removed, told to agents by one row and not by one for each message: all that was said before a
-- time. New columns with constant defaults: no table is rewritten.

alter table conversation
    add column expired_before   timestamptz,
    add column expired_revision bigint  not null default 0,
    add column expiring         boolean not null default false;  -- names and words of what is gone may be left
