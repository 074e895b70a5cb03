"""Real processes and clients on loopback, for tests and benchmarks."""
