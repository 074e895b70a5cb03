"""Where canaries are looked for."""
