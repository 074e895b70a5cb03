-- Conversations whose tokens were refused at a time: what was issued up to then is no longer taken.
-- Tokens themselves are signed, and stored nowhere. No foreign key: a token outlives nothing that
-- the conversation's own routes do not refuse, and Citus keeps this table beside api_key.

create table token_revocation (
    conversation_id uuid primary key,
    issued_up_to    timestamptz not null
);

create index token_revocation_by_time on token_revocation (issued_up_to);

select longroom.wall('token_revocation', 'select, insert, update');
