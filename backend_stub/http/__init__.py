"""What every request passes through: bounds, problems, logs, traces."""
