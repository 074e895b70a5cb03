"""The conversations that the server was started for; no tool reaches another one."""

from collections.abc import Sequence

from longroom.client import ConversationClient, LongroomClient


class OutOfScope(ValueError):
    """The message names the conversations that there are."""


class Scope:
    """Keys of conversations, and names of rooms, which are asked for in the same way."""

    def __init__(self, *, keys: Sequence[str] = (), rooms: Sequence[str] = ()) -> None:
        """Raises ValueError without any, and for a key that is also the name of a room."""
        if both := set(keys) & set(rooms):
            raise ValueError(f"{min(both)!r} is given as a key and as a room; give one of them")
        if not (keys or rooms):
            raise ValueError("name at least one: --conversation KEY or --room NAME")
        self.names = [*dict.fromkeys([*keys, *rooms])]
        self._rooms = frozenset(rooms)
        self._opened: dict[str, ConversationClient] = {}

    async def find(self, client: LongroomClient, given: str | None) -> ConversationClient:
        """Without a name the only one. Raises OutOfScope and BackendError.

        Each is opened at its first use: a host may start us before the backend.
        """
        name = self._checked(given)
        if name not in self._opened:
            is_room = name in self._rooms
            opened = await (client.room(name) if is_room else client.conversation(name))
            self._opened[name] = opened
        return self._opened[name]

    def _checked(self, given: str | None) -> str:
        known = ", ".join(map(repr, self.names))
        if given is None and len(self.names) > 1:
            raise OutOfScope(f"name a conversation; this server has {known}")
        name = self.names[0] if given is None else given
        if name not in self.names:
            raise OutOfScope(f"{name!r} is no conversation of this server; it has {known}")
        return name
