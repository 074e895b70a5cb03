"""The LiveKit room: participants, typed and spoken questions, and the order of their answers."""
