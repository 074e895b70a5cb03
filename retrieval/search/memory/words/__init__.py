"""Where the words of a room in memory are said."""
