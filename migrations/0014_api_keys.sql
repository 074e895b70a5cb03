-- Keys of callers, each with scopes, instead of one service key that opens everything.
-- A secret has 256 random bits: its plain SHA-256 cannot be searched for, and no secret is stored.

create table api_key (
    key_id        text primary key,                    -- the readable part of lr_<key_id>_<secret>
    name          text not null,
    scopes        text[] not null
        check (cardinality(scopes) > 0 and scopes <@ array['agent', 'search', 'backfill', 'admin']),
    secret_sha256 bytea not null check (length(secret_sha256) = 32),
    created_at    timestamptz not null default now(),
    expires_at    timestamptz,                         -- null: never
    revoked_at    timestamptz
);

create index api_key_by_name on api_key (name);
