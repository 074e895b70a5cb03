-- Who keeps a conversation in memory asks at each search whether it still stands. `revision` tells of corrections and
-- erasures; this tells of the rest: embeddings, messages or their words that go, and embeddings that come where nobody
-- looks for new ones. A new column with a constant default: no table is rewritten.

alter table conversation
    add column vectors_version bigint not null default 0;
