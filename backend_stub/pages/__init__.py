"""What every page of the backend has: its headers, its browser's session, its files, its frame."""
