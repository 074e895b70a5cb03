"""One conversation's agent: prompt, turn, reply, what is recorded of them."""
