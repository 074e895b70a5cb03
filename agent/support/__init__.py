"""Longroom's own agent, which answers in support rooms: the first user of `agent.room.longroom`."""
