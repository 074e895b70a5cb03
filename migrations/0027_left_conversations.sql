-- The conversations that a room had before, the last one first. An agent on its way for one of them is called off, in the
-- LiveKit room where the backend has given it another.
alter table room add column left_conversation_ids uuid[] not null default '{}';
