"""Whether one conversation's words, or a change of its state, can be had without permission."""
