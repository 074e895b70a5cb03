-- Which agent has a room: a number that rises with each agent that joins, carried by what it writes. An agent thought
-- dead that writes after its successor is told by it. New columns with constant defaults: no table is rewritten.

alter table conversation
    add column agent_epoch   bigint not null default 0,  -- of the agent that joined last
    add column agent_identity text,                      -- that agent, which keeps its epoch when it joins again
    add column agent_session text,
    add column written_epoch bigint not null default 0;  -- the latest with a message

alter table message
    add column late_epoch bigint;                        -- of the agent that accepted it, if another had replaced it
