"""How soon the backend's pages show something, in a real Chromium."""
