-- Which rooms an agent was asked for, and in which of LiveKit's rooms of that name: a LiveKit server that comes back
-- knows neither. A new column without a default: the table is not rewritten.

alter table room
    add column livekit_sid text;                         -- null: none was asked for; '': LiveKit did not answer
