"""What an operator sees of rooms: lists with figures, and what happened in one."""
