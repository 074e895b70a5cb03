"""Real parts on loopback that tests and benchmarks start."""
