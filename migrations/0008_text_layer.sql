-- Which version of the text layer (retrieval/text/terms.py) wrote an index entry: a room is indexed anew in place,
-- message by message, while it is searched and written.

alter table message_term add column version smallint not null default 0;

alter table conversation add column text_version smallint not null default 0;  -- all its entries are at least of it

-- How far a conversation is indexed anew.
create table reindexed_part (
    conversation_id uuid primary key references conversation on delete cascade,
    version         smallint not null,
    done_to         bigint not null default 0,         -- messages up to this seq
    last_seq        bigint not null,                   -- later messages were written by the new version
    words_before    bigint not null,                   -- the conversation's, when it began
    words           bigint not null default 0          -- of the messages done
);

-- The words of a conversation, for finding misspelt ones: an edit leaves a word's beginning or its end.
create table vocabulary (
    conversation_id uuid not null references conversation on delete cascade,
    word            text collate "C" not null,
    primary key (conversation_id, word)
);

create index vocabulary_endings on vocabulary (conversation_id, reverse(word));
