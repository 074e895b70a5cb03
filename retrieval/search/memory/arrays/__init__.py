"""Arrays that a room in memory is made of."""
