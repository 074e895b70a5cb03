"""One room's side of the agent: who is there, what they type and say, who is answered next."""
