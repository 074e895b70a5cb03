"""What a job process does before its first room."""
