-- Who is signed in on the backend's pages, and who was invited to a room's page. What a browser holds is random, and
-- only its SHA-256 stands here. Both are found before a conversation is known, so neither has one: longroom_app, which
-- answers requests, does not see them.

create table page_session (
    secret_sha256 bytea primary key check (length(secret_sha256) = 32),
    kind          text not null check (kind in ('inspector', 'room')),
    key_id        text,                                -- inspector: of the key that signed in; 'service' is no key's id
    key_mark      bytea,                               -- of the service key: HMAC under the secret that is not stored
    room          text,
    identity      text,
    created_at    timestamptz not null default now(),
    expires_at    timestamptz not null,
    check (case kind when 'inspector' then key_id is not null and room is null and identity is null
                     else room is not null and identity is not null end)
);

create index page_session_by_expiry on page_session (expires_at);
create index page_session_by_room on page_session (room);
create index page_session_by_identity on page_session (identity);

create table invitation (
    invitation_id text primary key,
    secret_sha256 bytea not null check (length(secret_sha256) = 32),
    room          text not null,
    key_id        text not null,                       -- of the key that invited, without which it is worth nothing
    created_at    timestamptz not null default now(),
    expires_at    timestamptz not null
);

create unique index invitation_by_secret on invitation (secret_sha256);
create index invitation_by_expiry on invitation (expires_at);
create index invitation_by_room on invitation (room);

grant select, insert, update, delete on page_session, invitation to longroom_background;
