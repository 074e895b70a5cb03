"""The `longroom` command line, and the client for other programs."""
