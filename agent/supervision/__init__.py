"""What keeps jobs alive: admission, heartbeat, restart after a crash, drain."""
