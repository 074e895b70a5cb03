"""One LiveKit room's side of the agent: who is there, what they type and say, and who is answered next."""
