"""One conversation's pages: what happened in it, why its turns recalled what they did, its care."""
