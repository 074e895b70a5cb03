"""The `longroom` command line."""
