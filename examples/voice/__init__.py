"""Voice in a browser: a page, and the agent that it calls."""
