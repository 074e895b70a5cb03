"""One file a subcommand: its options, and the hand-over to the module that does the work."""
