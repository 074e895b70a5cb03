"""What every request passes through: credentials, limits, problems, logs, traces."""
