"""Names in the database: the schema of our tables, and the roles that connections take."""

from typing import Final, Literal

LOOKED_IN: Final = ("longroom", "public", "extensions")
"""Connections' search_path: ours, and where pgvector may stand, at some providers in the last."""

Role = Literal["longroom_app", "longroom_background"]

APP: Final = "longroom_app"
"""Answers requests: sees one conversation at a time."""
BACKGROUND: Final = "longroom_background"
"""Works over all conversations: embedding, indexes, rooms without an agent, counts."""
