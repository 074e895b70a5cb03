"""The command line: the one place that may start all the programs."""
