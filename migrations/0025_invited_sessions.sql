-- An invitation may be for one person, and what it let in ends with it. Of the service key, which has no id, a mark is
-- kept, as sessions do: an HMAC under the invitation's secret.

alter table invitation
    add column identity text,
    add column key_mark bytea;

alter table page_session add column invitation_id text;

create index page_session_by_invitation on page_session (invitation_id) where invitation_id is not null;
