"""Follow-up queries, completed from earlier turns."""
