"""What the backend's pages remember of browsers."""
