"""How the rooms in memory are doing."""

from dataclasses import dataclass


@dataclass
class Figures:
    rooms: int = 0
    bytes: int = 0
    answered: int = 0
    """Searches in memory."""
    missed: int = 0
    """Searches of the tables."""
    fills: int = 0
    evictions: int = 0
    """Rooms put out because others needed their place."""
