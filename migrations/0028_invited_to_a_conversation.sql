-- An invitation lets into a room as long as the room has the conversation that it had then, and so do the sessions of who
-- came by it. Those made before this migration let in as before, and end by themselves.
alter table invitation add column invited_to uuid;
alter table page_session add column invited_to uuid;
