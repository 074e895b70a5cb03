-- Which agent workers live: what a dead one leaves behind looks alive on LiveKit for 21 seconds.
-- Unlogged: written every second, and worth nothing after a crash of the database.

create unlogged table agent_worker (
    worker_id  text primary key,                       -- one per start of a worker
    agent_name text not null,                          -- the name that its rooms ask for
    since      timestamptz not null default now(),
    seen_at    timestamptz not null default now()
);

-- Which backend process looks after rooms without an agent: the one row's holder, until it expires.
create unlogged table agent_watch (
    only_row boolean primary key default true check (only_row),
    holder   text not null,
    until    timestamptz not null
);
