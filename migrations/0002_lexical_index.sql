-- The lexical arm's inverted index as a table: BM25 becomes an index-only scan per query word,
-- inside one conversation, with no tsvector to fetch and unpack for each match.

create table message_term (
    conversation_id uuid not null references conversation on delete cascade,
    lexeme          text not null,
    seq             bigint not null,
    passage         smallint not null,
    occurrences     smallint not null,
    passage_words   smallint not null                  -- lexemes in this passage, counted with repetition
) with (autovacuum_vacuum_insert_threshold = 5000, autovacuum_vacuum_insert_scale_factor = 0.02);

create unique index message_term_postings
    on message_term (conversation_id, lexeme, seq, passage) include (occurrences, passage_words);
